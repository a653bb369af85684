namespace StaleConnGuard.Hosting;

/// <summary>Reads <see cref="TransportOptions"/>.</summary>
internal static class TransportConfiguration
{
    public static void Read(SectionReader reader, TransportOptions options)
    {
        if (reader.TryTime(nameof(options.ConnectTimeout), TransportRules.ConnectTimeout, out TimeSpan connectTimeout))
        {
            options.ConnectTimeout = connectTimeout;
        }

        if (reader.TryTime(nameof(options.UnacknowledgedDataTimeout), TransportRules.UnacknowledgedDataTimeout, out TimeSpan unacknowledged))
        {
            options.UnacknowledgedDataTimeout = unacknowledged;
        }

        if (reader.TryBool(nameof(options.EarlySuspicion), out bool early))
        {
            options.EarlySuspicion = early;
        }

        ReadPings(reader, options);
        ReadPool(reader, options);
        if (reader.TryBelow(nameof(options.TcpKeepAlive)) is { } probes)
        {
            ReadProbes(probes, options.TcpKeepAlive);
        }

        reader.RefuseOthers();
    }

    private static void ReadPings(SectionReader reader, TransportOptions options)
    {
        if (reader.TryTime(nameof(options.KeepAlivePingDelay), TransportRules.KeepAlivePing, out TimeSpan delay))
        {
            options.KeepAlivePingDelay = delay;
        }

        if (reader.TryTime(nameof(options.KeepAlivePingTimeout), TransportRules.KeepAlivePing, out TimeSpan timeout))
        {
            options.KeepAlivePingTimeout = timeout;
        }

        if (reader.TryEnum(nameof(options.KeepAlivePingPolicy), out HttpKeepAlivePingPolicy policy))
        {
            options.KeepAlivePingPolicy = policy;
        }
    }

    private static void ReadPool(SectionReader reader, TransportOptions options)
    {
        if (reader.TryTime(nameof(options.PooledConnectionLifetime), TransportRules.PooledConnectionLifetime, out TimeSpan lifetime))
        {
            options.PooledConnectionLifetime = lifetime;
        }

        if (reader.TryDouble(nameof(options.PooledConnectionLifetimeJitter), TransportRules.MinLifetimeJitter, TransportRules.MaxLifetimeJitter, out double jitter))
        {
            options.PooledConnectionLifetimeJitter = jitter;
        }

        if (reader.TryOptionalTime(nameof(options.PooledConnectionIdleTimeout), TransportRules.PooledConnectionIdleTimeout, out TimeSpan? idleTimeout))
        {
            options.PooledConnectionIdleTimeout = idleTimeout;
        }
    }

    private static void ReadProbes(SectionReader reader, TcpKeepAliveOptions options)
    {
        if (reader.TryBool(nameof(options.Enabled), out bool enabled))
        {
            options.Enabled = enabled;
        }

        if (reader.TryTime(nameof(options.Time), TransportRules.KeepAliveTime, out TimeSpan time))
        {
            options.Time = time;
        }

        if (reader.TryTime(nameof(options.Interval), TransportRules.KeepAliveInterval, out TimeSpan interval))
        {
            options.Interval = interval;
        }

        if (reader.TryInt(nameof(options.Probes), TransportRules.MinProbes, TransportRules.MaxProbes, out int probes))
        {
            options.Probes = probes;
        }

        reader.RefuseOthers();
    }
}
