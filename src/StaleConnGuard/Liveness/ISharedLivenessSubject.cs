namespace StaleConnGuard.Liveness;

/// <summary>
/// A connection that carries several requests at once above a transport: after a pause it is looked at soon after it is written to. Called by the watch, on its own thread.
/// </summary>
internal interface ISharedLivenessSubject
{
    /// <summary>What is known of the server it leads to, suspects included.</summary>
    OriginKnowledge Origin { get; }

    /// <summary>The guard's clock.</summary>
    TimeProvider Time { get; }

    /// <summary>The first write after a pause, as long as nothing has come back since; null otherwise.</summary>
    WriteAfterPause? Suspected { get; }

    /// <summary>It is known of this write what can be known early.</summary>
    void StopSuspecting(WriteAfterPause write);

    /// <summary>
    /// The peer acknowledges nothing of this write. False when something has come back, or when some request would fail of it and not be sent again. The caller
    /// ends the transport then: the record must stand before the requests learn of it.
    /// </summary>
    bool EndInSilence(WriteAfterPause write);
}

/// <summary>A write with the headers of a request on a connection that had been idle. Immutable.</summary>
/// <param name="Start">When it began: a timestamp of the guard's clock.</param>
/// <param name="Mark">Where it begins in the bytes of the connection.</param>
internal sealed record WriteAfterPause(long Start, SendMark Mark);
