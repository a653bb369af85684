namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>What may happen to a connection next.</summary>
internal enum ModelStep
{
    /// <summary>The pool looks at the idle connection for a request.</summary>
    Look,

    /// <summary>The pool's scavenger waits on the idle connection.</summary>
    Scavenge,

    /// <summary>A request is written.</summary>
    Request,

    /// <summary>A request is written that wants a fresh connection.</summary>
    FreshRequest,

    /// <summary>The runtime reads on.</summary>
    Read,

    /// <summary>The server sends a whole answer.</summary>
    Answer,

    /// <summary>The server sends the first half of one, then the second.</summary>
    HalfAnswer,

    /// <summary>The server ends the connection in good order.</summary>
    Fin,

    /// <summary>It is reset.</summary>
    Reset,

    /// <summary>The watch gives it up.</summary>
    GiveUp,

    /// <summary>The runtime disposes of it.</summary>
    Dispose,
}
