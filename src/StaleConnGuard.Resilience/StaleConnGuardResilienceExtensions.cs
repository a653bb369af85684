using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using StaleConnGuard;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets the handlers of Microsoft.Extensions.Http.Resilience and StaleConnGuard work as one.</summary>
public static class StaleConnGuardResilienceExtensions
{
    private const string PipelineName = "staleconnguard";

    /// <summary>
    /// Lets the standard handler repeat a request only when that cannot execute it twice: it is safe to repeat (method, mark, key), or the
    /// guard below proved that it did not arrive. What the handler's own predicate leaves alone is left alone.
    /// </summary>
    /// <param name="builder">What <c>AddStandardResilienceHandler()</c> returned.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>Applied after all of the application's own configuration, whatever the order of the calls.</remarks>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHttpStandardResiliencePipelineBuilder UseStaleConnGuard(this IHttpStandardResiliencePipelineBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.PostConfigure<HttpStandardResilienceOptions>(builder.PipelineName, RepeatPredicates.Narrow);
        return builder;
    }

    /// <summary>The same for the hedging handler. A request that is not safe to repeat is also never sent twice side by side.</summary>
    /// <param name="builder">What <c>AddStandardHedgingHandler()</c> returned.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IStandardHedgingHandlerBuilder UseStaleConnGuard(this IStandardHedgingHandlerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.PostConfigure<HttpStandardHedgingResilienceOptions>(builder.Name, RepeatPredicates.Narrow);
        return builder;
    }

    /// <summary>
    /// The same for every standard and hedging handler of the application at once, such as those of Aspire's service defaults, whether they are
    /// added before or after.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection UseStaleConnGuardInResilienceHandlers(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.PostConfigureAll<HttpStandardResilienceOptions>(RepeatPredicates.Narrow);
        return services.PostConfigureAll<HttpStandardHedgingResilienceOptions>(RepeatPredicates.Narrow);
    }

    /// <summary>
    /// Guards the client and adds the standard pipeline with StaleConnGuard's retries: rate limiter, total time limit, retries, circuit breaker,
    /// time limit of one attempt. In the place of <c>AddStandardResilienceHandler()</c>, not beside it.
    /// </summary>
    /// <param name="builder">The client's builder.</param>
    /// <returns>The builder of the pipeline.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHttpResiliencePipelineBuilder AddStaleConnGuardResilienceHandler(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string name = $"{builder.Name}-{PipelineName}";
        builder.Services.AddOptionsWithValidateOnStart<StaleConnGuardResilienceOptions, StaleConnGuardResilienceOptionsValidator>(name);
        builder.ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan);
        return builder.AddStaleConnGuard().AddResilienceHandler(PipelineName, (pipeline, context) =>
        {
            context.EnableReloads<StaleConnGuardResilienceOptions>(name);
            StaleConnGuardResilienceOptions options = context.ServiceProvider.GetRequiredService<IOptionsMonitor<StaleConnGuardResilienceOptions>>().Get(name);
            pipeline
                .AddRateLimiter(options.RateLimiter)
                .AddTimeout(options.TotalRequestTimeout)
                .AddStaleConnGuardRetry(options.Retry)
                .AddCircuitBreaker(options.CircuitBreaker)
                .AddTimeout(options.AttemptTimeout);
        });
    }

    /// <summary>The same, with options.</summary>
    /// <param name="builder">The client's builder.</param>
    /// <param name="configure">Changes the default options.</param>
    /// <returns>The builder of the pipeline.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IHttpResiliencePipelineBuilder AddStaleConnGuardResilienceHandler(this IHttpClientBuilder builder, Action<StaleConnGuardResilienceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.Configure($"{builder.Name}-{PipelineName}", configure);
        return builder.AddStaleConnGuardResilienceHandler();
    }
}
