using Polly;

namespace StaleConnGuard;

/// <summary>Adds the retries of this library to a Polly pipeline of one's own.</summary>
public static class RetryResiliencePipelineBuilderExtensions
{
    /// <summary>Adds a retry strategy with the default options.</summary>
    /// <param name="builder">The builder of the pipeline.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static ResiliencePipelineBuilder<HttpResponseMessage> AddStaleConnGuardRetry(this ResiliencePipelineBuilder<HttpResponseMessage> builder) =>
        builder.AddStaleConnGuardRetry(new RetryOptions());

    /// <summary>Adds a retry strategy.</summary>
    /// <param name="builder">The builder of the pipeline.</param>
    /// <param name="configure">Changes the default options.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or <see cref="RetryOptions.ConfigurePipeline"/> is set.</exception>
    public static ResiliencePipelineBuilder<HttpResponseMessage> AddStaleConnGuardRetry(
        this ResiliencePipelineBuilder<HttpResponseMessage> builder, Action<RetryOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new RetryOptions();
        configure(options);
        return builder.AddStaleConnGuardRetry(options);
    }

    /// <summary>Adds a retry strategy.</summary>
    /// <param name="builder">The builder of the pipeline.</param>
    /// <param name="options">The options, read at once.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>
    /// Which request it is about comes from <see cref="RetryContext.RequestMessage"/>, which the handlers of Microsoft.Extensions.Http.Resilience set.
    /// <see cref="RetryOptions.Enabled"/> false adds nothing.
    /// </remarks>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or <see cref="RetryOptions.ConfigurePipeline"/> is set: the pipeline around the retries is this builder's.</exception>
    public static ResiliencePipelineBuilder<HttpResponseMessage> AddStaleConnGuardRetry(
        this ResiliencePipelineBuilder<HttpResponseMessage> builder, RetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        if (options.ConfigurePipeline is not null)
        {
            throw new ArgumentException("Retry:ConfigurePipeline has no meaning in a pipeline of one's own; add its strategies to the builder instead.", nameof(options));
        }

        var policy = new RetryPolicy(options, NonIdempotentReplay.WhenProven, new Random());
        if (!options.Enabled)
        {
            return builder;
        }

        return builder.AddStrategy(context => new RetryStrategy(new RetryLoop(policy, new RetryServices
        {
            Budgets = RetryBudgetRegistry.For(builder.TimeProvider ?? TimeProvider.System),
            Events = new GuardEvents(GuardMetrics.Shared, new PipelineTelemetry(context.Telemetry)),
        })));
    }
}
