using Polly;
using Polly.Retry;
using Polly.Telemetry;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// Reports to the telemetry of the Polly pipeline the strategy stands in: a retry under the name and with the arguments of Polly's own
/// retry, so that existing dashboards count it, and an empty budget under a name of its own.
/// </summary>
internal sealed class PipelineTelemetry(ResilienceStrategyTelemetry telemetry) : IGuardEvents
{
    /// <inheritdoc/>
    public RequestEvents Hears => RequestEvents.None;

    private static readonly ResilienceEvent OnRetry = new(ResilienceEventSeverity.Warning, "OnRetry");
    private static readonly ResilienceEvent OnBudgetEmpty = new(ResilienceEventSeverity.Warning, "OnRetryBudgetEmpty");

    public void Retrying(in RetryAttempt attempt) => Report(OnRetry, attempt);

    public void RetriesStopped(in RetryAttempt attempt)
    {
        if (attempt.Decision.Reason is RetryReason.StoppedBudgetEmpty)
        {
            Report(OnBudgetEmpty, attempt);
        }
    }

    private void Report(ResilienceEvent resilienceEvent, in RetryAttempt attempt)
    {
        if (attempt.Context is not ResilienceContext context)
        {
            return;
        }

        Outcome<HttpResponseMessage> outcome = attempt.Exception is Exception exception
            ? Outcome.FromException<HttpResponseMessage>(exception)
            : Outcome.FromResult(attempt.Response!);
        var arguments = new OnRetryArguments<HttpResponseMessage>(context, outcome, attempt.Retries, attempt.Decision.Delay, duration: TimeSpan.Zero);
        telemetry.Report(resilienceEvent, context, outcome, arguments);
    }
}
