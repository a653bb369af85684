using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace StaleConnGuard.Cli;

/// <summary>
/// YARP's passive health, by what is certain: an upstream that cannot be connected to, or does not answer in time, gets no requests for a while. A request that was lost on a connection
/// says nothing against it. Thread-safe.
/// </summary>
internal sealed class UpstreamHealthPolicy(IDestinationHealthUpdater health) : IPassiveHealthCheckPolicy
{
    public const string PolicyName = "CannotConnect";

    private static readonly TimeSpan s_while = TimeSpan.FromSeconds(10);

    public string Name => PolicyName;

    public void RequestProxied(HttpContext context, ClusterState cluster, DestinationState destination)
    {
        if (context.Features.Get<IForwarderErrorFeature>() is { Error: ForwarderError.RequestTimedOut })
        {
            LeaveOut(cluster, destination);
        }
    }

    public void LeaveOut(ClusterState cluster, DestinationState destination) => health.SetPassive(cluster, destination, DestinationHealth.Unhealthy, s_while);
}
