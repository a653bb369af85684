using Microsoft.Extensions.Logging;

namespace StaleConnGuard;

/// <summary>Writes what the guard decides to the log.</summary>
internal sealed class LoggingGuardObserver(ILogger logger) : IGuardObserver
{
    public void ConnectionRefused(OriginKnowledge origin, RefusalReason reason)
    {
        // Every refusal is a race avoided; that is the guard at work, and nothing to log.
    }

    public void StaleHit(Exchange exchange, ReplayDecision decision, int replays)
    {
        if (!exchange.IsReused || exchange.Delivery is Delivery.NotSent)
        {
            return;
        }

        var idleAge = TimeSpan.FromTicks(exchange.IdleAgeTicks);
        if (decision.IsReplay())
        {
            if (logger.IsEnabled(LogLevel.Debug))
            {
                GuardLog.StaleHitHealed(logger, Origin(exchange), idleAge, exchange.End, exchange.Delivery, decision);
            }
        }
        else if (decision is not ReplayDecision.SurfaceCancelled && logger.IsEnabled(LogLevel.Warning))
        {
            GuardLog.StaleHitSurfaced(logger, Origin(exchange), idleAge, exchange.End, exchange.Delivery, decision, replays);
        }
    }

    private static string Origin(Exchange exchange) => exchange.Stream?.Origin.Key.ToString() ?? "unknown";
}
