namespace StaleConnGuard.Telemetry;

/// <summary>Counts what the guard decides, and passes it on.</summary>
internal sealed class MeteringGuardObserver(GuardMetrics metrics, IGuardObserver? next = null) : IGuardObserver
{
    public void ConnectionRefused(OriginKnowledge origin, RefusalReason reason)
    {
        metrics.Refused(origin, reason);
        next?.ConnectionRefused(origin, reason);
    }

    public void Ended(in EndedExchange ended)
    {
        metrics.StaleHit(ended);
        metrics.Replayed(ended);
        metrics.Recovered(ended);
        next?.Ended(ended);
    }

    public void ConnectionReused(OriginKnowledge origin, long idleAgeTicks)
    {
        metrics.Reused(origin, idleAgeTicks);
        next?.ConnectionReused(origin, idleAgeTicks);
    }

    public void RepeatRefused(HttpRequestMessage request)
    {
        metrics.RepeatRefused(request);
        next?.RepeatRefused(request);
    }

    public void Learned(OriginKnowledge origin, LearningOutcome outcome) => next?.Learned(origin, outcome);
}
