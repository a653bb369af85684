namespace StaleConnGuard.Exchanges;

/// <summary>What the runtime was seen to do that the guard relies on it not to do.</summary>
internal enum RuntimeContractBreach
{
    /// <summary>A request was written outside the execution context in which it was sent: nothing ties it to its connection.</summary>
    ContextLost = 1,

    /// <summary>A connection that the guard had declared closed, when the pool looked at it, was used all the same.</summary>
    RefusedConnectionUsed,

    /// <summary>A request that had got no answer was written again, and not by the guard.</summary>
    RepeatedUnanswered,

    /// <summary>What was written on an HTTP/2 connection is not what RFC 9113 has clients write, as far as the guard can read it.</summary>
    FramesUnreadable,
}
