namespace StaleConnGuard.Diagnosis;

/// <summary>What became of a connection, or of a request on it. Nothing else is ever said.</summary>
internal enum Verdict
{
    /// <summary>The capture does not show it; <see cref="Reason"/> says why.</summary>
    Unknown,

    /// <summary>Still open when the capture ended.</summary>
    Open,

    /// <summary>Closed right after its last response.</summary>
    Clean,

    /// <summary>The server closed it, or reset it, while it was idle.</summary>
    ClosedIdleByServer,

    /// <summary>The client closed it while it was idle.</summary>
    ClosedIdleByClient,

    /// <summary>The race: the request was under way when the server closed, and not a byte of it was taken before that.</summary>
    LostInFlight,

    /// <summary>The client sent although the FIN had arrived: it did not look.</summary>
    SentAfterFin,

    /// <summary>The server took bytes of the request and closed without an answer. It may have executed it.</summary>
    TakenThenClosed,

    /// <summary>The server acknowledged bytes of the request and then reset. It may have executed it.</summary>
    ResetAfterTaken,

    /// <summary>The request met a machine that knows nothing of the connection.</summary>
    ResetForgotten,

    /// <summary>Nobody listens, or the listen queue was full: reset before a byte of an answer on a new connection.</summary>
    ResetByListener,

    /// <summary>Sent again and again and never acknowledged.</summary>
    SilentDrop,

    /// <summary>The response ended in the middle.</summary>
    CutResponse,

    /// <summary>The client ended the connection before an answer came: its own timeout, or it was cancelled.</summary>
    GivenUpByClient,
}
