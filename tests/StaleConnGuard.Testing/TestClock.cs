using Microsoft.Extensions.Time.Testing;

namespace StaleConnGuard.Testing;

/// <summary>
/// <see cref="FakeTimeProvider"/>, and what it does not have: timestamps tick at an odd rate, so that code which mistakes them for
/// <see cref="TimeSpan"/> ticks is found out, and a test sees which timer is due next. Timers fire on the thread that moves the clock.
/// </summary>
public sealed class TestClock() : FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
{
    private readonly Lock _lock = new();
    private readonly HashSet<SeenTimer> _set = [];
    private TaskCompletionSource _timerSet = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override long TimestampFrequency => 12_345_679;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Elapsed => GetUtcNow() - Start;

    /// <summary>How long until the next timer fires; null when none is set.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
            {
                return _set.Count == 0 ? null : _set.Min(timer => timer.Due) - GetUtcNow();
            }
        }
    }

    public override long GetTimestamp() => (long)((Int128)Elapsed.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SeenTimer(this, callback, state);
        timer.Inner = base.CreateTimer(static timer => ((SeenTimer)timer!).Fire(), timer, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes when a timer is set: for code under test that waits on another thread.</summary>
    public Task WaitForTimerAsync()
    {
        lock (_lock)
        {
            return _set.Count > 0 ? Task.CompletedTask : _timerSet.Task;
        }
    }

    /// <summary>Moves the clock to the next timer and fires it. False when none is set.</summary>
    public bool AdvanceToNextTimer()
    {
        if (NextDue is not TimeSpan due)
        {
            return false;
        }

        Advance(due);
        return true;
    }

    /// <summary>
    /// Moves the clock from within a timer's callback and fires what falls due before that callback has returned, as timers on another
    /// thread do. <see cref="FakeTimeProvider"/> has one callback wait for the other.
    /// </summary>
    public void AdvanceDuringCallback(TimeSpan by)
    {
        Advance(by);
        SeenTimer[] due;
        lock (_lock)
        {
            due = [.. _set.Where(timer => timer.Due <= GetUtcNow()).OrderBy(timer => timer.Due)];
        }

        foreach (SeenTimer timer in due)
        {
            timer.Inner.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Fire();
        }
    }

    private sealed class SeenTimer(TestClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public ITimer Inner { get; set; } = null!;

        public DateTimeOffset Due { get; private set; }

        public void Fire()
        {
            Note(_period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan);
            callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Note(Timeout.InfiniteTimeSpan);
            bool isChanged = Inner.Change(dueTime, period);
            if (dueTime > TimeSpan.Zero)
            {
                // Afterwards: a test that waits for the timer moves the clock as soon as it is seen.
                Note(dueTime);
            }

            return isChanged;
        }

        public void Dispose()
        {
            Note(Timeout.InfiniteTimeSpan);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Note(TimeSpan dueTime)
        {
            lock (clock._lock)
            {
                clock._set.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    return;
                }

                Due = clock.GetUtcNow() + dueTime;
                clock._set.Add(this);
                clock._timerSet.TrySetResult();
                clock._timerSet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
