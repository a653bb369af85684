namespace StaleConnGuard.Decisions;

/// <summary>What a failed attempt says about the request.</summary>
internal enum FailureKind
{
    /// <summary>No failure: there is a response.</summary>
    None,

    /// <summary>Nothing that a repeat is known to cure, or nothing that is understood.</summary>
    Other,

    /// <summary>The caller, or the caller's time limit, cancelled.</summary>
    Cancelled,

    /// <summary>No connection came about: nothing was sent, and the content was not read.</summary>
    NotSent,

    /// <summary>It was sent, and it is proven that nothing of it arrived.</summary>
    ProvenUndelivered,

    /// <summary>The connection ended before an answer. The server may have executed the request.</summary>
    ConnectionLost,

    /// <summary>The connection ended after the first byte of an answer.</summary>
    ResponseStarted,
}
