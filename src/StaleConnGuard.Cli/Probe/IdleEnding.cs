namespace StaleConnGuard.Cli;

/// <summary>What became of an idle connection.</summary>
internal enum IdleEnding
{
    /// <summary>It was still open at the highest idle age that was waited for.</summary>
    StillOpen,

    /// <summary>The server closed it in good order: a FIN, or the close_notify of TLS.</summary>
    Fin,

    /// <summary>The server reset it.</summary>
    Reset,

    /// <summary>It was not kept at all: closed with the response, or announced to be.</summary>
    NotKept,
}
