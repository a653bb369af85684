using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Telemetry;

/// <summary>Writes to the log what the guard and the retries decide.</summary>
internal sealed class LogListener(ILogger logger) : IGuardEvents
{
    /// <inheritdoc/>
    public RequestEvents Hears => RequestEvents.None;

    // A refusal is no entry: each is a race avoided, which is the guard at work.

    /// <inheritdoc/>
    public void ReplayDecided(in EndedExchange ended)
    {
        if (!ended.IsStaleHit)
        {
            return;
        }

        if (ended.Decision.IsReplay())
        {
            Write(LogLevel.Debug, ended, GuardLog.StaleHitHealed);
        }
        else if (ended.Decision is not ReplayDecision.SurfaceCancelled)
        {
            Write(LogLevel.Warning, ended, GuardLog.StaleHitSurfaced);
        }
    }

    /// <inheritdoc/>
    public void RepeatRefused(HttpRequestMessage request)
    {
        if (logger.IsEnabled(LogLevel.Warning) && request.RequestUri is { IsAbsoluteUri: true } uri)
        {
            GuardLog.RepeatRefused(logger, request.Method, OriginKey.Of(uri));
        }
    }

    /// <inheritdoc/>
    public void RuntimeRepeats(Exchange exchange)
    {
        if (logger.IsEnabled(LogLevel.Debug) && exchange.Request is { RequestUri: { IsAbsoluteUri: true } uri } request)
        {
            GuardLog.RuntimeRepeats(logger, request.Method, OriginKey.Of(uri));
        }
    }

    /// <inheritdoc/>
    public void TimeoutLearned(OriginKnowledge origin, LearningOutcome outcome)
    {
        if (origin.ServerTimeoutTicks != KeepAliveSettings.None && logger.IsEnabled(LogLevel.Information))
        {
            GuardLog.TimeoutLearned(logger, origin.Key, TimeSpan.FromTicks(origin.ServerTimeoutTicks), origin.Source, outcome);
        }
    }

    /// <inheritdoc/>
    public void LedgerFileProblem(string path, string problem) => GuardLog.LedgerFileProblem(logger, path, problem);

    /// <inheritdoc/>
    public void RuntimeContractBroken(RuntimeContractBreach breach) => GuardLog.RuntimeContractBroken(logger, RuntimeInformation.FrameworkDescription, breach);

    /// <inheritdoc/>
    public void Retrying(in RetryAttempt attempt) =>
        GuardLog.Retrying(logger, attempt.Origin, attempt.Decision.Delay, attempt.Retries, attempt.Decision.Reason);

    /// <inheritdoc/>
    public void RetriesStopped(in RetryAttempt attempt) =>
        GuardLog.NotRetrying(logger, attempt.Origin, attempt.Retries, attempt.Decision.Reason);

    /// <inheritdoc/>
    public void RetryBudgetEmpty(in OriginKey origin) => GuardLog.BudgetEmpty(logger, origin);

    private void Write(
        LogLevel level,
        in EndedExchange ended,
        Action<ILogger, string, TimeSpan, ConnectionEnd, Delivery, ReplayDecision, TimeSpan, int, TimeSpan?, KeepAliveLimitSource, int> write)
    {
        if (logger.IsEnabled(level))
        {
            Exchange exchange = ended.Exchange;
            write(
                logger, ended.Origin, ended.IdleAge, ended.Evidence.End, ended.Evidence.Delivery, ended.Decision,
                ended.ConnectionAge, exchange.RequestsBefore, ended.Limit.MaxIdle, ended.Limit.Source, ended.Replays);
        }
    }
}
