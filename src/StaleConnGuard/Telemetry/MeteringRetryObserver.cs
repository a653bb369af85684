namespace StaleConnGuard.Telemetry;

/// <summary>Counts the decisions of the retry layer, and passes them on.</summary>
internal sealed class MeteringRetryObserver(GuardMetrics metrics, IRetryObserver next) : IRetryObserver
{
    public void Retrying(in RetryAttempt attempt)
    {
        metrics.Retried(attempt);
        next.Retrying(attempt);
    }

    public void Stopped(in RetryAttempt attempt)
    {
        metrics.NotRetried(attempt);
        next.Stopped(attempt);
    }

    public void BudgetEmpty(in OriginKey origin) => next.BudgetEmpty(origin);
}
