namespace StaleConnGuard;

/// <summary>Why a connection was not given to an exchange.</summary>
internal enum RefusalReason
{
    /// <summary>It was given.</summary>
    None,

    /// <summary>Idle for the keep-alive limit or longer.</summary>
    TooOld,

    /// <summary>Used before, and the exchange takes only fresh connections.</summary>
    NotFresh,

    /// <summary>The server has closed it, one side has announced to (RFC 9112 9.6), or it sent bytes nobody asked for (RFC 9112 9.2): nothing may be sent on it.</summary>
    Closed,
}
