namespace StaleConnGuard.Cli;

/// <summary>What <c>staleconn proxy</c> was asked for.</summary>
/// <param name="Listen">Where it listens; null for what the configuration says, or else the usual address.</param>
/// <param name="Upstreams">Where it forwards to; none with a configuration.</param>
/// <param name="Config">A configuration file with YARP's own schema; null for none.</param>
/// <param name="ServerTimeout">The upstreams' keep-alive timeout; null when it is not known.</param>
/// <param name="FrontTimeout">For how long idle connections of clients are kept.</param>
/// <param name="Drain">For how long clients are told to close, at the end.</param>
/// <param name="UpstreamWait">For how long a request waits for an upstream that cannot be connected to.</param>
/// <param name="Metrics">Where metrics and health are served; null for nowhere.</param>
internal sealed record ProxyArguments(
    string? Listen, IReadOnlyList<Uri> Upstreams, string? Config, TimeSpan? ServerTimeout, TimeSpan FrontTimeout, TimeSpan Drain, TimeSpan UpstreamWait, string? Metrics)
{
    /// <summary>Where it listens when nothing is said.</summary>
    public const string UsualListen = "http://127.0.0.1:8080";
}
