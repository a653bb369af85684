using Polly;

namespace StaleConnGuard.Pipeline;

/// <summary>What a retry handler does as long as its client's options do not change. Immutable; replaced as a whole on reload.</summary>
internal sealed class RetrySettings
{
    private readonly ResiliencePipeline<HttpResponseMessage>? _built;

    /// <param name="source">The settings in force, which these are part of.</param>
    /// <param name="retry">The options in force.</param>
    /// <param name="replay">Those of replays, which the retries keep to.</param>
    /// <param name="services">The handler's.</param>
    /// <param name="before">
    /// What was in force before. The application's pipeline is kept: it is code, and its breakers and limiters must not forget what they know because a number in
    /// the configuration changes.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RetrySettings(GuardSettings source, RetryOptions retry, ReplayOptions replay, RetryServices services, RetrySettings? before = null)
    {
        Source = source;
        _built = before?._built;
        if (!source.IsEnabled)
        {
            return;
        }

        BufferOneShotUpTo = replay.BufferOneShotUpTo;
        BufferUnknownLength = replay.BufferUnknownLength;
        if (!retry.Enabled || (services.StandsDownUnlessSet && !retry.IsEnabledSet))
        {
            return;
        }

        Loop = new RetryLoop(new RetryPolicy(retry, replay.NonIdempotentReplay, services.Random), services);
        if (retry.ConfigurePipeline is not null)
        {
            Pipeline = _built ??= Build(retry.ConfigurePipeline, Loop, services.Budgets.Time);
        }
    }

    /// <summary>What these were made from, to be recognised by.</summary>
    public GuardSettings Source { get; }

    public int? BufferOneShotUpTo { get; }

    /// <summary>Whether that holds for contents whose length is not known, too.</summary>
    public bool BufferUnknownLength { get; }

    /// <summary>Null when nothing is retried.</summary>
    public RetryLoop? Loop { get; }

    /// <summary>The application's pipeline around the retries, if it has one. It runs the loop that stands in the execution's context.</summary>
    public ResiliencePipeline<HttpResponseMessage>? Pipeline { get; }

    private static ResiliencePipeline<HttpResponseMessage> Build(Action<ResiliencePipelineBuilder<HttpResponseMessage>> configure, RetryLoop loop, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
        configure(builder);
        return builder.AddStrategy(_ => new RetryStrategy(loop)).Build();
    }
}
