namespace StaleConnGuard.Testing;

/// <summary>
/// The clock of a process whose thread pool is starved: time passes, and no timer fires, because that takes a thread of the pool.
/// </summary>
public sealed class NoTimers : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
