using System.Net;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// What the connections of one handler share, whichever clients use it: clock, ledger, observer. Made with the handler, outlives no connection of it.
/// </summary>
internal sealed class ConnectionGuard(KeepAliveLedger ledger, TimeProvider time)
{
    private readonly Lock _firstSend = new();
    private volatile Action? _beforeFirstSend;

    public KeepAliveLedger Ledger { get; } = ledger;

    public TimeProvider Time { get; } = time;

    /// <summary>Who watches single exchanges, if anybody.</summary>
    public IExchangeWatcher? Watcher { get; init; }

    /// <summary>Those connections that carry several requests at once.</summary>
    public SharedConnections Shared { get; } = new();

    /// <summary>The runtime has credentials: it may answer a challenge by sending a request again.</summary>
    public bool AnswersChallenges { get; set; }

    /// <summary>
    /// A connection was made on a stream whose socket is hidden: then a tunnel of the same flow could be taken for it, or another tunnel for that one, so none is
    /// tied to its transport any more.
    /// </summary>
    public bool HasHiddenTransports { get; set; }

    /// <summary>Finds the addresses of a name; null for the system's resolver.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? ResolveName { get; init; }

    /// <summary>The options' limit for establishing a connection, where it is in force on the handler; null where the application has set its own.</summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>What is to be done on the handler before the first request is sent through it, and not before.</summary>
    public void BeforeFirstSend(Action action) => _beforeFirstSend = action;

    /// <summary>Called before each request is sent: requests that come while the first is at it wait.</summary>
    public void OnSending()
    {
        if (_beforeFirstSend is not null)
        {
            RunBeforeFirstSend();
        }
    }

    /// <summary>Called when a connection was not given to an exchange.</summary>
    public void OnRefused(OriginKnowledge origin, RefusalReason reason) => Observer?.ConnectionRefused(origin, reason);

    /// <summary>Called when a pooled connection is taken again.</summary>
    public void OnReused(OriginKnowledge origin, long idleAgeTicks) => Observer?.ConnectionReused(origin, idleAgeTicks);

    /// <summary>Called when an exchange ended before any response byte, with what was decided about its request.</summary>
    public EndedExchange OnEnded(Exchange exchange, ReplayDecision decision, int replays, Exception failure)
    {
        var ended = new EndedExchange(exchange, decision, replays, EndedExchange.LimitInForce(exchange)) { Failure = failure };
        if (ended.IsStaleHit && exchange.Connection is IGuardedConnection connection)
        {
            if (exchange.End is ConnectionEnd.Silence)
            {
                if (connection is not ISharedConnection silent || silent.TryReport())
                {
                    connection.Origin.SilentHit();
                }
            }
            else if (connection is not ISharedConnection shared || (exchange.IdleAgeTicks > 0 && shared.TryReport()))
            {
                OnObserved(connection.Origin, connection.Origin.StaleHit(ended.IdleAge, reset: exchange.End is ConnectionEnd.Reset));
            }

            if (!decision.IsReplay() && decision is not ReplayDecision.SurfaceCancelled && !RepeatSafety.IsSafeToRepeat(exchange.Request))
            {
                connection.Origin.Surfaced();
            }
        }

        Observer?.Ended(ended);
        return ended;
    }

    /// <summary>Called with what an observation did to the knowledge of an origin: most teach nothing.</summary>
    public void OnObserved(OriginKnowledge origin, LearningOutcome outcome)
    {
        if (outcome is LearningOutcome.Learned or LearningOutcome.Lowered or LearningOutcome.Raised)
        {
            Observer?.Learned(origin, outcome);
        }
    }

    /// <summary>Who listens, if anybody.</summary>
    public IGuardObserver? Observer { get; init; }

    private void RunBeforeFirstSend()
    {
        lock (_firstSend)
        {
            _beforeFirstSend?.Invoke();
            _beforeFirstSend = null;
        }
    }
}
