namespace StaleConnGuard;

/// <summary>What the guard tells the outside: logs now, metrics and traces where they are wired. Called on the request's own thread; must not throw.</summary>
internal interface IGuardObserver
{
    void ConnectionRefused(OriginKnowledge origin, RefusalReason reason);

    void StaleHit(Exchange exchange, ReplayDecision decision, int replays);
}
