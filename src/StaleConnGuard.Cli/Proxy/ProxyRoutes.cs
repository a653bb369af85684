using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace StaleConnGuard.Cli;

/// <summary>Everything to the upstreams of the command line, in YARP's words.</summary>
internal static class ProxyRoutes
{
    private const string Cluster = "upstreams";

    public static IReverseProxyBuilder LoadUpstreams(this IReverseProxyBuilder builder, IReadOnlyList<Uri> upstreams) => builder
        .LoadFromMemory([new RouteConfig { RouteId = "all", ClusterId = Cluster, Match = new RouteMatch { Path = "{**rest}" } }], [ClusterOf(upstreams)])
        .AddTransforms(context => AddHeaders(context, isSecure: upstreams.Any(upstream => upstream.Scheme == Uri.UriSchemeHttps)));

    private static ClusterConfig ClusterOf(IReadOnlyList<Uri> upstreams) => new()
    {
        ClusterId = Cluster,
        LoadBalancingPolicy = LoadBalancingPolicies.RoundRobin,
        HealthCheck = new HealthCheckConfig
        {
            // One upstream is better than none, whatever is thought of it.
            AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
            Passive = new PassiveHealthCheckConfig { Enabled = upstreams.Count > 1, Policy = UpstreamHealthPolicy.PolicyName },
        },
        Destinations = upstreams.Select((upstream, number) => (upstream, number)).ToDictionary(
            pair => $"upstream {pair.number + 1}", pair => new DestinationConfig { Address = pair.upstream.AbsoluteUri }, StringComparer.Ordinal),
    };

    private static void AddHeaders(TransformBuilderContext context, bool isSecure)
    {
        context.UseDefaultForwarders = false;
        context.AddXForwardedFor(action: ForwardedTransformActions.Append);

        // A balancer in front knows better how the client came.
        context.AddRequestTransform(static transform =>
        {
            AddIfMissing(transform, "X-Forwarded-Proto", transform.HttpContext.Request.Scheme);
            AddIfMissing(transform, "X-Forwarded-Host", transform.HttpContext.Request.Host.Value);
            return ValueTask.CompletedTask;
        });

        // Over TLS the name belongs to the certificate.
        context.AddOriginalHost(!isSecure);
    }

    private static void AddIfMissing(RequestTransformContext transform, string name, string? value)
    {
        if (value is not null && !transform.HttpContext.Request.Headers.ContainsKey(name))
        {
            transform.ProxyRequest.Headers.TryAddWithoutValidation(name, value);
        }
    }
}
