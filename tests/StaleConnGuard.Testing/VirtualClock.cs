namespace StaleConnGuard.Testing;

/// <summary>
/// A clock that stands still until it is moved, with timers. Its timestamps tick at an odd rate, so that code which mistakes them for
/// <see cref="TimeSpan"/> ticks is found out. Thread-safe; timers fire on the thread that moves the clock.
/// </summary>
public sealed class VirtualClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<VirtualTimer, (long Due, long Order)> _timers = new();
    private TaskCompletionSource _timerSet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _elapsedTicks;
    private long _order;

    public VirtualClock()
        : this(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => 12_345_679;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref _elapsedTicks));

    public override long GetTimestamp() => (long)(new Int128(0, (ulong)Volatile.Read(ref _elapsedTicks)) * TimestampFrequency / TimeSpan.TicksPerSecond);

    public override DateTimeOffset GetUtcNow() => start + Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>How long until the next timer fires; null when none is set.</summary>
    public TimeSpan? NextDue
    {
        get
        {
            lock (_lock)
            {
                return PeekLive(out _, out long due) ? TimeSpan.FromTicks(due - _elapsedTicks) : null;
            }
        }
    }

    /// <summary>Completes when a timer is set: for code under test that waits on another thread.</summary>
    public Task WaitForTimerAsync()
    {
        lock (_lock)
        {
            return PeekLive(out _, out _) ? Task.CompletedTask : _timerSet.Task;
        }
    }

    /// <summary>Moves the clock, stopping at every timer that falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        long target = _elapsedTicks + by.Ticks;
        while (TakeDue(target) is VirtualTimer timer)
        {
            timer.Fire();
        }

        Volatile.Write(ref _elapsedTicks, target);
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

    private VirtualTimer? TakeDue(long target)
    {
        lock (_lock)
        {
            if (!PeekLive(out VirtualTimer? timer, out long due) || due > target)
            {
                return null;
            }

            _timers.Dequeue();
            Volatile.Write(ref _elapsedTicks, Math.Max(_elapsedTicks, due));
            timer!.Taken();
            return timer;
        }
    }

    private bool PeekLive(out VirtualTimer? timer, out long due)
    {
        while (_timers.TryPeek(out timer, out (long Due, long Order) priority))
        {
            due = priority.Due;
            if (timer.IsDueAt(due))
            {
                return true;
            }

            // Changed or disposed since.
            _timers.Dequeue();
        }

        due = 0;
        return false;
    }

    private void Schedule(VirtualTimer timer, long due)
    {
        _timers.Enqueue(timer, (due, _order++));
        _timerSet.TrySetResult();
        _timerSet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private long _due = -1;
        private TimeSpan _period;

        public bool IsDueAt(long due) => _due == due;

        public void Taken()
        {
            _due = -1;
            if (_period > TimeSpan.Zero)
            {
                _due = clock._elapsedTicks + _period.Ticks;
                clock.Schedule(this, _due);
            }
        }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                _period = period;
                _due = dueTime == Timeout.InfiniteTimeSpan ? -1 : clock._elapsedTicks + dueTime.Ticks;
                if (_due >= 0)
                {
                    clock.Schedule(this, _due);
                }

                return true;
            }
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
