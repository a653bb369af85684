namespace StaleConnGuard.Exchanges;

/// <summary>
/// What happens to connections and requests, for whoever listens: the learner of server timeouts, metrics, logs, spans. Each listener takes
/// what it needs. Called on the thread it happens on, from any; must not throw and must not block.
/// </summary>
internal interface IGuardEvents
{
    /// <summary>Which of the events that come with nearly every request this one wants; the others reach every listener. Never changes.</summary>
    RequestEvents Hears => RequestEvents.All;

    /// <summary>A pooled connection is taken again. Told for most requests.</summary>
    void ConnectionReused(IGuardedConnection connection, long idleAgeTicks)
    {
    }

    /// <summary>A pooled connection was not given to an exchange.</summary>
    void ConnectionRefused(IGuardedConnection connection, RefusalReason reason)
    {
    }

    /// <summary>The server has said after how long it closes idle connections. Told for each response that says so.</summary>
    void TimeoutAdvertised(OriginKnowledge origin, TimeSpan timeout)
    {
    }

    /// <summary>The server had a connection open at this idle age.</summary>
    /// <param name="origin">The server's.</param>
    /// <param name="idleAge">The idle age.</param>
    /// <param name="answered">It has answered a request on it. Told for most requests.</param>
    void SeenOpen(OriginKnowledge origin, TimeSpan idleAge, bool answered)
    {
    }

    /// <summary>The server closed a connection that was in the pool.</summary>
    void IdleConnectionClosed(OriginKnowledge origin, in IdleClose close)
    {
    }

    /// <summary>The server timeout that is known of an origin has changed.</summary>
    void TimeoutLearned(OriginKnowledge origin, LearningOutcome outcome)
    {
    }

    /// <summary>The file in which the ledger is kept has a problem.</summary>
    void LedgerFileProblem(string path, string problem)
    {
    }

    /// <summary>The runtime does not do what the guard relies on: it steps aside. Told once a handler.</summary>
    void RuntimeContractBroken(RuntimeContractBreach breach)
    {
    }

    /// <summary>An exchange has its connection; its first byte is about to be written. Told for each request.</summary>
    void ExchangeBegan(Exchange exchange)
    {
    }

    /// <summary>The first byte of a response has come. Told for each request.</summary>
    void ResponseBegan(Exchange exchange)
    {
    }

    /// <summary>
    /// An exchange that may have gone out on a shared connection has been answered, or has failed and been tied to its connection. Nobody is told when it begins: its connection is not
    /// known then.
    /// </summary>
    void SharedExchangeDone(Exchange exchange)
    {
    }

    /// <summary>
    /// An exchange ended before any response byte, or was refused its connection; the evidence is recorded. Told while the runtime's span of this
    /// very send is still open, and before the runtime measures it.
    /// </summary>
    void ExchangeEnded(Exchange exchange)
    {
    }

    /// <summary>What was decided about the request of an exchange that ended so.</summary>
    void ReplayDecided(in EndedExchange ended)
    {
    }

    /// <summary>A layer above sent a request again that the server may have executed, and it was not sent. Told once a request.</summary>
    void RepeatRefused(HttpRequestMessage request)
    {
    }

    /// <summary>
    /// The runtime is sending a request again by itself, over HTTP/2, because a server said that it has not processed it. Told while the runtime's span of this very send is still open.
    /// </summary>
    void RuntimeRepeats(Exchange exchange)
    {
    }

    /// <summary>A request is about to wait and be sent again.</summary>
    void Retrying(in RetryAttempt attempt)
    {
    }

    /// <summary>
    /// The response or exception goes to the caller, for the reason in <see cref="RetryAttempt.Decision"/>. Not told of outcomes that nobody would retry.
    /// </summary>
    void RetriesStopped(in RetryAttempt attempt)
    {
    }

    /// <summary>The retry budget of an origin is empty. Told besides <see cref="RetriesStopped"/>, at most once a minute and origin.</summary>
    void RetryBudgetEmpty(in OriginKey origin)
    {
    }
}
