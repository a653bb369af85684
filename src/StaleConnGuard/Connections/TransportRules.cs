namespace StaleConnGuard;

/// <summary>What <see cref="TransportOptions"/> accept.</summary>
internal static class TransportRules
{
    public static readonly TimeRange ConnectTimeout = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), InfiniteToo: true);
    public static readonly TimeRange PooledConnectionLifetime = new(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), InfiniteToo: true);
    public static readonly TimeRange PooledConnectionIdleTimeout = new(TimeSpan.Zero, TimeSpan.FromDays(1), InfiniteToo: true);

    public static void Check(TransportOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.ConnectTimeout), options.ConnectTimeout, ConnectTimeout);
        failures.Check(nameof(options.PooledConnectionLifetime), options.PooledConnectionLifetime, PooledConnectionLifetime);
        failures.Check(nameof(options.PooledConnectionIdleTimeout), options.PooledConnectionIdleTimeout, PooledConnectionIdleTimeout);
    }
}
