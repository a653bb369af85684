namespace StaleConnGuard.Exchanges;

/// <summary>Has the ledger learn from what happens to connections. Thread-safe.</summary>
/// <param name="told">Told when something was learned.</param>
internal sealed class TimeoutLearning(IGuardEvents told) : IGuardEvents
{
    /// <inheritdoc/>
    public RequestEvents Hears => RequestEvents.SeenOpen;

    /// <inheritdoc/>
    public void TimeoutAdvertised(OriginKnowledge origin, TimeSpan timeout) => Tell(origin, origin.Advertised(timeout));

    /// <inheritdoc/>
    public void SeenOpen(OriginKnowledge origin, TimeSpan idleAge, bool answered) => Tell(origin, origin.SeenOpen(idleAge, answered));

    /// <inheritdoc/>
    public void IdleConnectionClosed(OriginKnowledge origin, in IdleClose close) =>
        Tell(origin, origin.IdleClosed(close.IdleAge, close.IsExact, close.SinceClosed, close.RoundTrip));

    /// <inheritdoc/>
    public void ReplayDecided(in EndedExchange ended)
    {
        Exchange exchange = ended.Exchange;
        if (!ended.IsStaleHit || exchange.Connection is not IGuardedConnection connection)
        {
            return;
        }

        OriginKnowledge origin = connection.Origin;
        if (IsNews(exchange, connection))
        {
            Learn(origin, ended);
        }

        if (!ended.Decision.IsReplay() && ended.Decision is not ReplayDecision.SurfaceCancelled && !RepeatSafety.IsSafeToRepeat(exchange.Request))
        {
            origin.Surfaced();
        }
    }

    /// <summary>The end of a connection that carries several requests is one observation, however many it hit; between requests it says nothing of a timeout.</summary>
    private static bool IsNews(Exchange exchange, IGuardedConnection connection) =>
        connection is not ISharedConnection shared || ((exchange.IdleAgeTicks > 0 || exchange.End is ConnectionEnd.Silence) && shared.TryReport());

    private void Learn(OriginKnowledge origin, in EndedExchange ended)
    {
        if (ended.Evidence.End is ConnectionEnd.Silence)
        {
            origin.SilentHit();
            return;
        }

        Tell(origin, origin.StaleHit(ended.IdleAge, reset: ended.Evidence.End is ConnectionEnd.Reset));
    }

    // Most observations teach nothing.
    private void Tell(OriginKnowledge origin, LearningOutcome outcome)
    {
        if (outcome is LearningOutcome.Learned or LearningOutcome.Lowered or LearningOutcome.Raised)
        {
            told.TimeoutLearned(origin, outcome);
        }
    }
}
