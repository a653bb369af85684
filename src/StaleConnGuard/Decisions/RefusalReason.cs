namespace StaleConnGuard.Decisions;

/// <summary>Why a connection was not given to an exchange.</summary>
internal enum RefusalReason
{
    /// <summary>It was given.</summary>
    None,

    /// <summary>Idle for the keep-alive limit or longer.</summary>
    TooOld,

    /// <summary>Used before, has not answered since the request failed on another, and the exchange takes only fresh connections.</summary>
    NotFresh,

    /// <summary>Idle since before another connection to the same origin was found dead without a word, and none like it has answered since.</summary>
    Suspect,

    /// <summary>The server has closed it, one side has announced to (RFC 9112 9.6), or it sent bytes nobody asked for (RFC 9112 9.2): nothing may be sent on it.</summary>
    Closed,
}
