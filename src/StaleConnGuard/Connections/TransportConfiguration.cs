namespace StaleConnGuard;

/// <summary>Reads <see cref="TransportOptions"/>.</summary>
internal static class TransportConfiguration
{
    public static void Read(SectionReader reader, TransportOptions options)
    {
        if (reader.TryTime(nameof(options.ConnectTimeout), TransportRules.ConnectTimeout, out TimeSpan connectTimeout))
        {
            options.ConnectTimeout = connectTimeout;
        }

        if (reader.TryTime(nameof(options.PooledConnectionLifetime), TransportRules.PooledConnectionLifetime, out TimeSpan lifetime))
        {
            options.PooledConnectionLifetime = lifetime;
        }

        if (reader.TryOptionalTime(nameof(options.PooledConnectionIdleTimeout), TransportRules.PooledConnectionIdleTimeout, out TimeSpan? idleTimeout))
        {
            options.PooledConnectionIdleTimeout = idleTimeout;
        }

        reader.RefuseOthers();
    }
}
