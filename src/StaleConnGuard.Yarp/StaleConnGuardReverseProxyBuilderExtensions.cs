using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StaleConnGuard;
using StaleConnGuard.Hosting;
using StaleConnGuard.Yarp;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Guards the connections of YARP to its destinations.</summary>
public static class StaleConnGuardReverseProxyBuilderExtensions
{
    /// <summary>
    /// Guards the connections of every cluster, and those of <c>MapForwarder</c>, against stale keep-alive connections. The client is still made by the factory that is registered, so
    /// <c>ConfigureHttpClient</c> and others of its kind are to be called before; the configuration is not loaded otherwise.
    /// </summary>
    /// <param name="builder">YARP's builder.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// A proxy's defaults differ from a client's: <see cref="RetryOptions.Enabled"/> is off, <see cref="ReplayOptions.BufferOneShotUpTo"/> is 65,536 bytes and
    /// <see cref="ReplayOptions.BufferUnknownLength"/> is off. A cluster's metadata, such as <c>StaleConnGuard.ServerTimeout</c>, comes on top of everything and is checked when the
    /// configuration is loaded; when it changes, the cluster gets a new client.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IReverseProxyBuilder AddStaleConnGuard(this IReverseProxyBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        _ = builder.AddGuard();
        return builder;
    }

    /// <summary>The same, with options for every cluster.</summary>
    /// <param name="builder">YARP's builder.</param>
    /// <param name="configure">Sets the options; they come with a proxy's defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IReverseProxyBuilder AddStaleConnGuard(this IReverseProxyBuilder builder, Action<StaleConnGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.AddGuard().Add((_, options) => configure(options));
        return builder;
    }

    /// <summary>The same, with options cluster by cluster.</summary>
    /// <param name="builder">YARP's builder.</param>
    /// <param name="configure">Sets the options of the cluster with this id; <see cref="string.Empty"/> stands for direct forwarding.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IReverseProxyBuilder AddStaleConnGuard(this IReverseProxyBuilder builder, Action<string, StaleConnGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.AddGuard().Add(configure);
        return builder;
    }

    /// <summary>The same, with options from configuration; <c>Clients:&lt;clusterId&gt;</c> overrides them for one cluster.</summary>
    /// <param name="builder">YARP's builder.</param>
    /// <param name="section">The section that holds the options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IReverseProxyBuilder AddStaleConnGuard(this IReverseProxyBuilder builder, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(section);
        builder.AddGuard().Add(section);
        return builder;
    }

    /// <summary>
    /// Has YARP's answer to a request that was lost on a stale connection, and could not be sent again, say why: <c>stale-connection;desc="SurfaceNotSafeToRepeat"</c>, a
    /// <see cref="ReplayDecision"/>. Off unless this is called.
    /// </summary>
    /// <param name="builder">YARP's builder.</param>
    /// <param name="header">The name of the response header.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="header"/> is null or empty.</exception>
    public static IReverseProxyBuilder AddStaleConnGuardHeader(this IReverseProxyBuilder builder, string header = "Server-Timing")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(header);
        builder.Services.AddSingleton<IStartupFilter>(new FailureHeaderFilter(header));
        return builder;
    }

    private static ProxyRegistrations AddGuard(this IReverseProxyBuilder builder)
    {
        IServiceCollection services = builder.Services;
        if (services.LastOrDefault(d => d.ServiceType == typeof(ProxyRegistrations))?.ImplementationInstance is ProxyRegistrations existing)
        {
            return existing;
        }

        services.AddGuard().GuardsReverseProxy = true;
        var registrations = new ProxyRegistrations();
        services.AddSingleton(registrations);
        services.AddSingleton<ClusterGuards>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IClusterValidator, ClusterOptionsValidator>());

        // Added, not put in place: YARP's own ConfigureHttpClient looks whether the first registration is its own.
        ServiceDescriptor? before = services.LastOrDefault(d => d.ServiceType == typeof(IForwarderHttpClientFactory) && !d.IsKeyedService);
        services.AddSingleton<IForwarderHttpClientFactory>(provider => new GuardedForwarderHttpClientFactory(Make(before, provider), provider.GetRequiredService<ClusterGuards>()));
        return registrations;
    }

    private static IForwarderHttpClientFactory Make(ServiceDescriptor? descriptor, IServiceProvider provider) => (IForwarderHttpClientFactory)(descriptor switch
    {
        null => ActivatorUtilities.CreateInstance<ForwarderHttpClientFactory>(provider),
        { ImplementationInstance: { } instance } => instance,
        { ImplementationFactory: { } make } => make(provider),
        _ => ActivatorUtilities.CreateInstance(provider, descriptor.ImplementationType!),
    });
}
