using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Hedging;

namespace StaleConnGuard;

/// <summary>
/// Narrows what the strategies of Microsoft.Extensions.Http.Resilience repeat to what may be repeated. Their own predicates are asked first, so
/// what the application configured stays.
/// </summary>
internal static class RepeatPredicates
{
    public static void Narrow(HttpStandardResilienceOptions options)
    {
        var asConfigured = options.Retry.ShouldHandle;
        options.Retry.ShouldHandle = async arguments =>
            await asConfigured(arguments).ConfigureAwait(arguments.Context.ContinueOnCapturedContext)
            && MayRepeat(arguments.Context, arguments.Outcome);
    }

    public static void Narrow(HttpStandardHedgingResilienceOptions options)
    {
        var asConfigured = options.Hedging.ShouldHandle;
        options.Hedging.ShouldHandle = async arguments =>
            await asConfigured(arguments).ConfigureAwait(arguments.Context.ContinueOnCapturedContext)
            && MayRepeat(arguments.Context, arguments.Outcome);

        // One copy after the other, and not side by side, where two executions would do harm.
        TimeSpan delay = options.Hedging.Delay;
        Func<HedgingDelayGeneratorArguments, ValueTask<TimeSpan>>? generator = options.Hedging.DelayGenerator;
        options.Hedging.DelayGenerator = arguments =>
            RequestOf(arguments.Context) is HttpRequestMessage request && request.MayBeHedged()
                ? generator?.Invoke(arguments) ?? ValueTask.FromResult(delay)
                : ValueTask.FromResult(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Without a request nothing can be said of its safety: it is not repeated.</summary>
    private static bool MayRepeat(ResilienceContext context, Outcome<HttpResponseMessage> outcome) =>
        (RequestOf(context) ?? outcome.Result?.RequestMessage) is HttpRequestMessage request && request.MayBeSentAgain(outcome.Exception);

    private static HttpRequestMessage? RequestOf(ResilienceContext context) =>
        context.Properties.TryGetValue(RetryContext.RequestMessage, out HttpRequestMessage? request) ? request : null;
}
