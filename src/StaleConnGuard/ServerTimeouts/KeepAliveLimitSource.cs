namespace StaleConnGuard;

/// <summary>Where the highest idle age at which a connection may be taken comes from.</summary>
public enum KeepAliveLimitSource
{
    /// <summary>Nothing is known and the request is safe to repeat: there is no limit.</summary>
    NothingKnown,

    /// <summary><see cref="KeepAliveOptions.ServerTimeout"/>, or what was set for the origin, less the margin.</summary>
    Configured,

    /// <summary>The server's <c>Keep-Alive: timeout=</c>, less the margin.</summary>
    Advertised,

    /// <summary>What the server's closes taught, less the margin.</summary>
    Learned,

    /// <summary>Nothing is known and the request is not safe to repeat: <see cref="KeepAliveOptions.NonIdempotentMaxIdle"/>.</summary>
    NonIdempotentMaxIdle,

    /// <summary>Nothing is known and the request is not safe to repeat, but connections were seen open at this idle age.</summary>
    OpenUntil,

    /// <summary>What another process has learned (<see cref="KeepAliveOptions.LedgerFile"/>), less the margin, where that is less than what is known here.</summary>
    Remembered,
}
