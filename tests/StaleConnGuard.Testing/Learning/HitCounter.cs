namespace StaleConnGuard.Testing;

/// <summary>Counts the stale hits of one client.</summary>
internal sealed class HitCounter : IGuardEvents
{
    private int _hits;
    private int _resets;

    public int Hits => Volatile.Read(ref _hits);

    /// <summary>Those of them that ended in a reset, of which nothing can be proven.</summary>
    public int Resets => Volatile.Read(ref _resets);

    public void ReplayDecided(in EndedExchange ended)
    {
        if (!ended.IsStaleHit)
        {
            return;
        }

        _ = Interlocked.Increment(ref _hits);
        if (ended.Exchange.End is ConnectionEnd.Reset)
        {
            _ = Interlocked.Increment(ref _resets);
        }
    }
}
