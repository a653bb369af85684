namespace StaleConnGuard.Exchanges;

/// <summary>What the guard tells the outside: logs and metrics. Called on the request's own thread; must not throw.</summary>
internal interface IGuardObserver
{
    /// <summary>A pooled connection was not given to an exchange.</summary>
    void ConnectionRefused(OriginKnowledge origin, RefusalReason reason);

    /// <summary>An exchange ended before any response byte; refusals at the first write come here as well.</summary>
    void Ended(in EndedExchange ended);

    /// <summary>A pooled connection is taken again. Called for most requests: whoever does not listen returns at once.</summary>
    void ConnectionReused(OriginKnowledge origin, long idleAgeTicks)
    {
    }

    /// <summary>A layer above sent a request again that the server may have executed. Told once a request.</summary>
    void RepeatRefused(HttpRequestMessage request)
    {
    }

    /// <summary>The server timeout that is known of the origin has changed.</summary>
    void Learned(OriginKnowledge origin, LearningOutcome outcome)
    {
    }
}
