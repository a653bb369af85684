using System.Diagnostics;

namespace StaleConnGuard.Lab;

/// <summary>
/// Rings at exact instants: within some tens of microseconds on Linux, when a core is free. One thread serves all waiters, so that a
/// hundred of them cost no more than one. The wait is a kernel timer without slack; elsewhere it sleeps in milliseconds and spins for the last stretch.
/// Every member may be called from any thread.
/// </summary>
/// <remarks>Not a <see cref="TimeProvider"/>: there is no point in virtual time where sockets and kernels take part.</remarks>
#pragma warning disable CA1001 // The one instance lives as long as the process.
public sealed class AlarmClock
#pragma warning restore CA1001
{
    // Monitor.Wait counts in milliseconds and may come back late by about one: the last stretch is not left to it.
    private const int RoughMilliseconds = 2;

    private readonly PriorityQueue<Action, long> _alarms = new();
    private readonly Lock _lock = new();

    // The one on Linux, whose kernel wakes us to the microsecond; the other elsewhere.
    private readonly EventDescriptor? _wakeUp = OperatingSystem.IsLinux() ? new() : null;
    private readonly AutoResetEvent? _earlier = OperatingSystem.IsLinux() ? null : new(initialState: false);

    private AlarmClock() => new Thread(Run) { IsBackground = true, Name = "alarm clock" }.Start();

    /// <summary>Gets the one clock of the process.</summary>
    public static AlarmClock Shared { get; } = new();

    /// <summary>The <see cref="Stopwatch"/> timestamp that lies <paramref name="span"/> after <paramref name="timestamp"/>.</summary>
    public static long After(long timestamp, TimeSpan span) => timestamp + (long)(span.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Calls <paramref name="callback"/> at a <see cref="Stopwatch"/> timestamp, on the clock's own thread: it must be brief and must not throw.</summary>
    public void Ring(long timestamp, Action callback)
    {
        bool isFirst;
        lock (_lock)
        {
            _alarms.Enqueue(callback, timestamp);
            isFirst = ReferenceEquals(_alarms.Peek(), callback);
        }

        if (isFirst)
        {
            _wakeUp?.Set();
            _ = _earlier?.Set();
        }
    }

    /// <summary>Waits until a <see cref="Stopwatch"/> timestamp. The wait ends on the thread pool.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task WaitUntilAsync(long timestamp, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Ring(timestamp, () => reached.TrySetResult());
        using CancellationTokenRegistration registration = cancellationToken.Register(() => reached.TrySetCanceled(cancellationToken));
        await reached.Task;
    }

    private void Run()
    {
        Native.MakeThisThreadPrompt();
        while (true)
        {
            long next;
            Action? due = null;
            lock (_lock)
            {
                next = _alarms.TryPeek(out _, out long timestamp) ? timestamp : long.MaxValue;
                if (next <= Stopwatch.GetTimestamp())
                {
                    due = _alarms.Dequeue();
                }
            }

            if (due is not null)
            {
                due();
                continue;
            }

            Rest(next);
        }
    }

    private void Rest(long until)
    {
        if (_wakeUp is not null)
        {
            RestExactly(until, _wakeUp);
            return;
        }

        if (until == long.MaxValue)
        {
            _ = _earlier!.WaitOne();
            return;
        }

        TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until);
        if (left.TotalMilliseconds > RoughMilliseconds)
        {
            _ = _earlier!.WaitOne((int)Math.Min(left.TotalMilliseconds - RoughMilliseconds + 1, 60_000));
            return;
        }

        Thread.SpinWait(20);
    }

    private static unsafe void RestExactly(long until, EventDescriptor wakeUp)
    {
        var descriptor = new Native.PollDescriptor { Descriptor = wakeUp.Descriptor, Events = Native.PollIn };
        Native.WaitUntil(until, &descriptor, 1);
        if (descriptor.ReturnedEvents != 0)
        {
            wakeUp.Reset();
        }
    }
}
