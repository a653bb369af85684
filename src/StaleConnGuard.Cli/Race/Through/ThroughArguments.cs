namespace StaleConnGuard.Cli;

/// <summary>What <c>staleconn race --through</c> was asked for.</summary>
/// <param name="Proxy">The proxy.</param>
/// <param name="UpstreamPort">The port on loopback that it forwards to already; null for the far end of a link.</param>
/// <param name="Race">The rest.</param>
internal sealed record ThroughArguments(Uri Proxy, int? UpstreamPort, RaceArguments Race);
