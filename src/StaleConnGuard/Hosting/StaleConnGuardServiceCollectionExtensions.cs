using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using StaleConnGuard;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Guards every client of <see cref="IHttpClientFactory"/>.</summary>
public static class StaleConnGuardServiceCollectionExtensions
{
    /// <summary>
    /// Guards the connections of every <see cref="IHttpClientFactory"/> client against stale keep-alive connections, with default options.
    /// May be called more than once, before or after the clients are registered.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddStaleConnGuard(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddGuard().Add(services, client: null);
        return services;
    }

    /// <summary>The same, with options for every client. A client's own options come on top, whatever order the calls are made in.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddStaleConnGuard(this IServiceCollection services, Action<StaleConnGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddGuard().Add(services, client: null, configure);
        return services;
    }

    /// <summary>
    /// The same, with options from configuration. Keys follow the property names of <see cref="StaleConnGuardOptions"/>; a section
    /// <c>Clients:&lt;name&gt;</c> overrides them for one client. A reload takes effect on the next
    /// request; one that is not valid is logged and changes nothing.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section that holds the options, usually <c>StaleConnGuard</c>.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddStaleConnGuard(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddGuard().Add(services, client: null, section: section);
        return services;
    }

    internal static GuardRegistrations AddGuard(this IServiceCollection services)
    {
        services.AddHttpClient();
        services.TryAddSingleton(KeepAliveLedger.Shared);
        services.TryAddSingleton<IKeepAliveLedger>(static provider => provider.GetRequiredService<KeepAliveLedger>());
        services.TryAddSingleton(static provider => GuardMetrics.Of(provider.GetService<IMeterFactory>(), provider.GetRequiredService<KeepAliveLedger>()));
        services.TryAddSingleton<GuardClients>();
        services.TryAddSingleton<GuardReloads>();
        services.TryAddSingleton<ClientNames>();
        services.TryAddSingleton<UnusedConfiguration>();
        services.TryAddSingleton<IOptionsFactory<StaleConnGuardOptions>, GuardOptionsFactory>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHttpMessageHandlerBuilderFilter, GuardHandlerBuilderFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StaleConnGuardOptions>, StaleConnGuardOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<HttpClientFactoryOptions>, ClientTimeoutSetup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GuardStartup>, GuardStartupValidator>());
        services.AddOptions<GuardStartup>().ValidateOnStart();
        return GuardRegistrations.In(services);
    }
}
