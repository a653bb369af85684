using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.Yarp;

/// <summary>Checks each cluster's options when the configuration is loaded, among YARP's own checks; and that it is the guard that will make the clients.</summary>
internal sealed class ClusterOptionsValidator(ClusterGuards guards, IServiceProvider services) : IClusterValidator
{
    public ValueTask ValidateAsync(ClusterConfig cluster, IList<Exception> errors)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(errors);
        if (services.GetService<IForwarderHttpClientFactory>() is { } factory and not GuardedForwarderHttpClientFactory)
        {
            errors.Add(new InvalidOperationException(
                $"{factory.GetType().Name} was registered after AddStaleConnGuard() and takes its place: cluster '{cluster.ClusterId}' would not be guarded. Call AddStaleConnGuard() after ConfigureHttpClient() and other registrations of IForwarderHttpClientFactory."));
        }

        foreach (string failure in guards.Failures(cluster.ClusterId, cluster.Metadata))
        {
            errors.Add(new ArgumentException($"Invalid StaleConnGuard options for cluster '{cluster.ClusterId}': {failure}", nameof(cluster)));
        }

        return ValueTask.CompletedTask;
    }
}
