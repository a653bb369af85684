using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace StaleConnGuard.Cli;

/// <summary>YARP's clients with an <see cref="UpstreamHandler"/> each; the guard goes below it.</summary>
internal sealed class UpstreamHandlerFactory(ILogger<ForwarderHttpClientFactory> logger, IServiceProvider services, TimeSpan wait) : ForwarderHttpClientFactory(logger)
{
    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new UpstreamHandler(() => Find(context.ClusterId), services.GetRequiredService<UpstreamHealthPolicy>(), wait) { InnerHandler = handler };

    // YARP's table of clusters is made with this factory, so it cannot be asked for earlier.
    private ClusterState? Find(string? cluster) =>
        cluster is not null && services.GetRequiredService<IProxyStateLookup>().TryGetCluster(cluster, out ClusterState? state) ? state : null;
}
