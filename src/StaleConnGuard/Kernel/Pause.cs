namespace StaleConnGuard.Kernel;

/// <summary>
/// A wait on the way of one request. Where that is synchronous the thread itself waits: a timer fires on a thread of the pool, and those may all be waiting in requests like
/// this one.
/// </summary>
internal static class Pause
{
    /// <param name="length">How long.</param>
    /// <param name="time">The clock, of a wait that is not blocking.</param>
    /// <param name="blocking">The returned task has completed then.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ValueTask ForAsync(TimeSpan length, TimeProvider time, bool blocking, CancellationToken cancellationToken = default)
    {
        if (!blocking)
        {
            return new ValueTask(Task.Delay(length, time, cancellationToken));
        }

        using var never = new ManualResetEventSlim();
        never.Wait(length, cancellationToken);
        return ValueTask.CompletedTask;
    }
}
