using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Telemetry;

/// <summary>Writes what the guard decides to the log.</summary>
internal sealed class LoggingGuardObserver(ILogger logger) : IGuardObserver
{
    public void ConnectionRefused(OriginKnowledge origin, RefusalReason reason)
    {
        // Every refusal is a race avoided; that is the guard at work, and nothing to log.
    }

    public void Ended(in EndedExchange ended)
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

    public void RepeatRefused(HttpRequestMessage request)
    {
        if (logger.IsEnabled(LogLevel.Warning) && request.RequestUri is { IsAbsoluteUri: true } uri)
        {
            GuardLog.RepeatRefused(logger, request.Method, OriginKey.Of(uri));
        }
    }

    public void Learned(OriginKnowledge origin, LearningOutcome outcome)
    {
        if (origin.ServerTimeoutTicks != KeepAliveSettings.None && logger.IsEnabled(LogLevel.Information))
        {
            GuardLog.TimeoutLearned(logger, origin.Key, TimeSpan.FromTicks(origin.ServerTimeoutTicks), origin.Source, outcome);
        }
    }

    private void Write(
        LogLevel level,
        in EndedExchange ended,
        Action<ILogger, string, TimeSpan, ConnectionEnd, Delivery, ReplayDecision, TimeSpan, int, TimeSpan?, KeepAliveLimitSource, int> write)
    {
        if (logger.IsEnabled(level))
        {
            Exchange exchange = ended.Exchange;
            write(
                logger, ended.Origin, ended.IdleAge, exchange.End, exchange.Delivery, ended.Decision,
                ended.ConnectionAge, exchange.RequestsBefore, ended.Limit.MaxIdle, ended.Limit.Source, ended.Replays);
        }
    }
}
