namespace StaleConnGuard;

/// <summary>
/// What is known of one origin's keep-alive timeout. One instance an origin and ledger, shared by all clients; every member may be
/// called from any thread. Reading costs one volatile load.
/// </summary>
internal sealed class OriginKnowledge(OriginKey key)
{
    private long _serverTimeoutTicks = long.MaxValue;

    public OriginKey Key { get; } = key;

    /// <summary>The smallest server timeout that was advertised or learned, in <see cref="TimeSpan"/> ticks; <see cref="long.MaxValue"/> when none is known.</summary>
    public long ServerTimeoutTicks => Volatile.Read(ref _serverTimeoutTicks);

    /// <summary>The server said so itself, in a <c>Keep-Alive</c> header.</summary>
    public void Advertised(TimeSpan timeout) => Volatile.Write(ref _serverTimeoutTicks, timeout.Ticks);

    /// <summary>The server closed a pooled connection at this idle age. <paramref name="exact"/>: the kernel dated the close; otherwise an upper bound.</summary>
    public void IdleClosed(TimeSpan idleAge, bool exact)
    {
        _ = _serverTimeoutTicks;
    }

    /// <summary>A request met a connection that the server had closed, or was closing, at this idle age.</summary>
    public void StaleHit(TimeSpan idleAge)
    {
        _ = _serverTimeoutTicks;
    }

    /// <summary>A connection was still open at this idle age.</summary>
    public void SeenOpen(TimeSpan idleAge)
    {
        _ = _serverTimeoutTicks;
    }
}
