namespace StaleConnGuard.Evidence;

/// <summary>How a connection ended under an exchange.</summary>
internal enum ConnectionEnd
{
    /// <summary>It has not ended, or not in a way that tells anything.</summary>
    None,

    /// <summary>The guard itself did not let the exchange use it: too old, or not fresh. Nothing was sent.</summary>
    Refused,

    /// <summary>The server had closed it before anything was sent.</summary>
    ClosedBeforeUse,

    /// <summary>End-of-stream: the server closed in good order.</summary>
    EndOfStream,

    /// <summary>A reset, or any other failure of the connection.</summary>
    Reset,

    /// <summary>The peer acknowledged nothing any more: what was sent, or the kernel's probes. The connection is dead without a word.</summary>
    Silence,
}
