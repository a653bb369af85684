namespace StaleConnGuard.Pipeline;

/// <summary>The wait of a synchronous send: the thread blocks on an event that the clock's timer or the caller's token ends.</summary>
internal static class BlockingDelay
{
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Wait(TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (delay <= TimeSpan.Zero)
        {
            return;
        }

        if (ReferenceEquals(time, TimeProvider.System))
        {
            // Its timers fire on threads of the pool, which may all be waiting in requests like this one.
            using var never = new ManualResetEventSlim();
            never.Wait(delay, cancellationToken);
            return;
        }

        // Not disposed: a callback that runs as the timer is disposed may still set it. It owns no handle, since nobody asks for one.
        var elapsed = new ManualResetEventSlim();
        using ITimer timer = time.CreateTimer(static e => ((ManualResetEventSlim)e!).Set(), elapsed, delay, Timeout.InfiniteTimeSpan);
        elapsed.Wait(cancellationToken);
    }
}
