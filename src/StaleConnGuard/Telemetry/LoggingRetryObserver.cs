using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Telemetry;

/// <summary>Writes the decisions of the retry layer to a log, and passes them on.</summary>
internal sealed class LoggingRetryObserver(ILogger logger, IRetryObserver next) : IRetryObserver
{
    public void Retrying(in RetryAttempt attempt)
    {
        RetryLog.Retrying(logger, attempt.Origin, attempt.Decision.Delay, attempt.Retries, attempt.Decision.Reason);
        next.Retrying(attempt);
    }

    public void Stopped(in RetryAttempt attempt)
    {
        RetryLog.NotRetrying(logger, attempt.Origin, attempt.Retries, attempt.Decision.Reason);
        next.Stopped(attempt);
    }

    public void BudgetEmpty(in OriginKey origin)
    {
        RetryLog.BudgetEmpty(logger, origin);
        next.BudgetEmpty(origin);
    }
}
