using Microsoft.Extensions.Configuration;
using StaleConnGuard;
using StaleConnGuard.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Guards one client of <see cref="IHttpClientFactory"/>, or all of them inside <c>ConfigureHttpClientDefaults</c>.</summary>
public static class StaleConnGuardHttpClientBuilderExtensions
{
    /// <summary>
    /// Guards this client's connections against stale keep-alive connections. The guard ends up directly around the primary handler,
    /// whatever order the builder's methods are called in; calling it twice is calling it once.
    /// </summary>
    /// <param name="builder">The client's builder.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHttpClientBuilder AddStaleConnGuard(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddGuard(configure: null, section: null);
    }

    /// <summary>The same, with options for this client, on top of those for every client.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IHttpClientBuilder AddStaleConnGuard(this IHttpClientBuilder builder, Action<StaleConnGuardOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder.AddGuard(configure, section: null);
    }

    /// <summary>The same, with options from configuration. Keys follow the property names of <see cref="StaleConnGuardOptions"/>.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="section">The section that holds this client's options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IHttpClientBuilder AddStaleConnGuard(this IHttpClientBuilder builder, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(section);
        return builder.AddGuard(configure: null, section);
    }

    /// <summary>
    /// Takes this client out: it stays as it is without this library, although every other client is guarded. Of this and
    /// <c>AddStaleConnGuard</c> on the same builder the later call counts.
    /// </summary>
    /// <param name="builder">The client's builder.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHttpClientBuilder RemoveStaleConnGuard(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        GuardRegistrations.In(builder.Services).Remove(builder.Name);
        return builder;
    }

    private static IHttpClientBuilder AddGuard(this IHttpClientBuilder builder, Action<StaleConnGuardOptions>? configure, IConfiguration? section)
    {
        // The builder inside ConfigureHttpClientDefaults has no name: it stands for every client.
        builder.Services.AddGuard().Add(builder.Services, builder.Name, configure, section);
        return builder;
    }
}
