using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using StaleConnGuard;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>The server's end of the race.</summary>
public static class StaleConnGuardWebHostBuilderExtensions
{
    /// <summary>
    /// Adds <c>Keep-Alive: timeout=N</c> to Kestrel's HTTP/1.1 responses, N being <c>Limits.KeepAliveTimeout</c> in whole seconds, so that clients give up
    /// idle connections before Kestrel does; warns at start about a timeout that is not above the balancer's; and while the host shuts down, tells clients to
    /// close their connections before Kestrel does. HTTP/2 and HTTP/3 are left alone. May be called more than once.
    /// </summary>
    /// <param name="builder">The web host.</param>
    /// <param name="configure">Sets the options; null for the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IWebHostBuilder AdvertiseKeepAlive(this IWebHostBuilder builder, Action<KeepAliveAdvertisementOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(services =>
        {
            services.AddOptions<KeepAliveAdvertisementOptions>()
                .Validate(static options => options.Drain >= TimeSpan.Zero, "KeepAliveAdvertisementOptions.Drain must be 0 or more.")
                .ValidateOnStart();
            if (configure is not null)
            {
                services.Configure(configure);
            }

            services.TryAddSingleton<KeepAliveAdvertisement>();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, KeepAliveStartupFilter>());
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, AdvertisementService>());
        });
    }
}
