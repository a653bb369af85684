namespace StaleConnGuard.Liveness;

/// <summary>A connection above a transport that knows which exchange waits for its peer. Called by the watch, on its own thread.</summary>
internal interface ILivenessSubject
{
    /// <summary>The connection carries something else than HTTP by now.</summary>
    bool IsDetached { get; }

    /// <summary>What is known of the server it leads to, suspects included.</summary>
    OriginKnowledge Origin { get; }

    /// <summary>The exchange that waits for its answer, or has its body still written, on this connection.</summary>
    Exchange? Outstanding { get; }

    /// <summary>
    /// The peer acknowledges nothing. False when an answer has begun, or the exchange has ended otherwise. The caller ends the connection then: the
    /// record must stand before the request learns of it.
    /// </summary>
    bool EndInSilence(Exchange exchange, TimeSpan silentFor);
}
