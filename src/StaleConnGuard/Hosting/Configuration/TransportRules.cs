namespace StaleConnGuard.Hosting;

/// <summary>What <see cref="TransportOptions"/> accept.</summary>
internal static class TransportRules
{
    public const double MinLifetimeJitter = 0;
    public const double MaxLifetimeJitter = 0.5;
    public const int MinProbes = 1;
    public const int MaxProbes = 100;

    public static readonly TimeRange ConnectTimeout = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), InfiniteToo: true);
    public static readonly TimeRange UnacknowledgedDataTimeout = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromHours(1), InfiniteToo: true);
    public static readonly TimeRange KeepAliveTime = new(TimeSpan.FromSeconds(1), TimeSpan.FromHours(2));
    public static readonly TimeRange KeepAliveInterval = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
    public static readonly TimeRange KeepAlivePing = new(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), InfiniteToo: true);
    public static readonly TimeRange PooledConnectionLifetime = new(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), InfiniteToo: true);
    public static readonly TimeRange PooledConnectionIdleTimeout = new(TimeSpan.Zero, TimeSpan.FromDays(1), InfiniteToo: true);

    public static void Check(TransportOptions options, OptionFailures failures)
    {
        failures.Check(nameof(options.ConnectTimeout), options.ConnectTimeout, ConnectTimeout);
        failures.Check(nameof(options.UnacknowledgedDataTimeout), options.UnacknowledgedDataTimeout, UnacknowledgedDataTimeout);
        failures.Check(nameof(options.KeepAlivePingDelay), options.KeepAlivePingDelay, KeepAlivePing);
        failures.Check(nameof(options.KeepAlivePingTimeout), options.KeepAlivePingTimeout, KeepAlivePing);
        failures.CheckDefined(nameof(options.KeepAlivePingPolicy), options.KeepAlivePingPolicy);
        failures.Check(nameof(options.PooledConnectionLifetime), options.PooledConnectionLifetime, PooledConnectionLifetime);
        failures.Check(nameof(options.PooledConnectionLifetimeJitter), options.PooledConnectionLifetimeJitter, MinLifetimeJitter, MaxLifetimeJitter);
        failures.Check(nameof(options.PooledConnectionIdleTimeout), options.PooledConnectionIdleTimeout, PooledConnectionIdleTimeout);

        OptionFailures probes = failures.Below(nameof(options.TcpKeepAlive));
        probes.Check(nameof(options.TcpKeepAlive.Time), options.TcpKeepAlive.Time, KeepAliveTime);
        probes.Check(nameof(options.TcpKeepAlive.Interval), options.TcpKeepAlive.Interval, KeepAliveInterval);
        probes.Check(nameof(options.TcpKeepAlive.Probes), options.TcpKeepAlive.Probes, MinProbes, MaxProbes);
    }
}
