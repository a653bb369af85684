namespace StaleConnGuard;

/// <summary>What was decided about a request whose connection ended before any response byte, and why.</summary>
public enum ReplayDecision
{
    /// <summary>Replayed: nothing had been sent.</summary>
    ReplayNotSent,

    /// <summary>Replayed: the kernel proves that the server did not receive it.</summary>
    ReplayProvenUndelivered,

    /// <summary>Replayed: whether the server received it is unknown, but it is safe to repeat.</summary>
    ReplaySafeToRepeat,

    /// <summary>Replayed: not safe to repeat and nothing proven, but <see cref="NonIdempotentReplay.Always"/> is set.</summary>
    ReplayOnCallersWord,

    /// <summary>Surfaced: the caller cancelled, or the caller's timeout passed.</summary>
    SurfaceCancelled,

    /// <summary>Surfaced: part of an answer had arrived, so the server has seen the request.</summary>
    SurfaceResponseStarted,

    /// <summary>Surfaced: the body has been read and cannot be read again.</summary>
    SurfaceBodyConsumed,

    /// <summary>Surfaced: <see cref="ReplayOptions.MaxReplays"/> replays have been made.</summary>
    SurfaceReplaysExhausted,

    /// <summary>Surfaced: the connection was new, so this is no keep-alive race but a failing server; retries with backoff may follow.</summary>
    SurfaceNewConnection,

    /// <summary>Surfaced: proven undelivered, but <see cref="NonIdempotentReplay.Never"/> is set.</summary>
    SurfaceProofNotTrusted,

    /// <summary>Surfaced: delivery unknown, and a request is repeated only once without proof.</summary>
    SurfaceUnprovenReplayExhausted,

    /// <summary>Surfaced: the server may have executed the request, and executing it twice may do harm.</summary>
    SurfaceNotSafeToRepeat,

    /// <summary>
    /// Not sent: a layer above sent the request again, its earlier send may have been executed, it is not safe to repeat, and
    /// <see cref="ReplayOptions.RepeatsFromAbove"/> is <see cref="RepeatsFromAbove.Refuse"/>.
    /// </summary>
    SurfaceRepeatFromAbove,
}
