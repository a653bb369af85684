using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Liveness;

/// <summary>
/// The one timer that looks for silent peers among the connections of one handler. A request costs it one volatile read: it looks at connections, not
/// at requests, and stands still while nothing is outstanding. Thread-safe.
/// </summary>
/// <remarks>
/// The race of standing still: a writer reads that the timer runs and goes on; in that moment a look finds nothing outstanding and does not
/// set the timer again. So whoever is about to stop takes the timer's mark away first, makes that visible to all cores, and looks once
/// more. Either that look sees the write, or the writer sees that the timer stands.
/// </remarks>
internal sealed class LivenessWatch
{
    public const long Never = long.MaxValue;

    // So many at a time are held while they are looked at: nobody waits long for the lock, and there may be tens of thousands.
    private const int LookedAtTogether = 256;

    private readonly Lock _lock = new();

    // Weak, because a connection whose response the application forgot must still be collected, and its socket closed with it.
    private readonly List<WeakGCHandle<IWatchedConnection>> _connections = [];
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly long _start;
    private long _due;
    private int _ticking;

    public LivenessWatch(LivenessSettings settings, TimeProvider time)
    {
        Settings = settings;
        _time = time;
        _start = time.GetTimestamp();

        _timer = MakeTimer();
    }

    public LivenessSettings Settings { get; }

    public long Now => _time.GetElapsedTime(_start).Ticks;

    /// <summary>Null when the options leave nothing to watch for.</summary>
    public static LivenessWatch? For(TransportOptions options, TimeProvider time)
    {
        var settings = LivenessSettings.From(options);
        return settings.IsOn ? new LivenessWatch(settings, time) : null;
    }

    /// <summary>Watches a transport from now on, where its kernel can be asked.</summary>
    public void Attach(TransportStream transport)
    {
        if (transport.AcknowledgedAtConnect is null)
        {
            return;
        }

        var watched = new WatchedTransport(transport, this);
        transport.Listener = watched;
        Add(watched);
    }

    public void Add(IWatchedConnection connection)
    {
        lock (_lock)
        {
            connection.Place = _connections.Count;
            _connections.Add(new WeakGCHandle<IWatchedConnection>(connection));
        }
    }

    /// <summary>Not for finalizers: what has been collected is found by the next look, and its place may be another's by then.</summary>
    public void Remove(IWatchedConnection connection)
    {
        lock (_lock)
        {
            if (connection.Place >= 0)
            {
                RemoveAt(connection.Place);
                connection.Place = -1;
            }
        }
    }

    private void RemoveAt(int place)
    {
        Debug.Assert(_lock.IsHeldByCurrentThread, "The places are changed under the lock.");
        _connections[place].Dispose();
        WeakGCHandle<IWatchedConnection> last = _connections[^1];
        _connections.RemoveAt(_connections.Count - 1);
        if (place == _connections.Count)
        {
            return;
        }

        _connections[place] = last;
        if (last.TryGetTarget(out IWatchedConnection? moved))
        {
            moved.Place = place;
        }
    }

    /// <summary>Something is about to be written. To be called after the connection shows it as outstanding.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _due) == 0 && Settings.TimeoutTicks != Never)
        {
            LookWithin(Settings.SlowLookTicks);
        }
    }

    /// <summary>Something is about to be written that deserves a look soon.</summary>
    public void Hurry() => LookWithin(LivenessSettings.FastLookTicks);

    /// <summary>The timer lives as long as the handler, and must not carry the context of whoever happens to make that.</summary>
    private ITimer MakeTimer()
    {
        bool flows = !ExecutionContext.IsFlowSuppressed();
        if (flows)
        {
            ExecutionContext.SuppressFlow();
        }

        try
        {
            return _time.CreateTimer(static watch => ((LivenessWatch)watch!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (flows)
            {
                ExecutionContext.RestoreFlow();
            }
        }
    }

    private void LookWithin(long ticks)
    {
        long due = Math.Max(1, Now + ticks);
        long current = Volatile.Read(ref _due);
        if (current != 0 && current <= due)
        {
            return;
        }

        lock (_lock)
        {
            if (_due == 0 || due < _due)
            {
                Volatile.Write(ref _due, due);
                _timer.Change(TimeSpan.FromTicks(ticks), Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Tick()
    {
        // Under the lock, so that what somebody who set the timer earlier wants looked at is seen below.
        lock (_lock)
        {
            Volatile.Write(ref _due, 0);
        }

        if (Interlocked.Exchange(ref _ticking, 1) != 0)
        {
            // Another tick is still looking.
            LookWithin(LivenessSettings.FastLookTicks);
            return;
        }

        long next = LookAtAll();
        if (next == Never && Volatile.Read(ref _due) == 0)
        {
            Interlocked.MemoryBarrierProcessWide();
            next = LookAtAll();
        }

        Volatile.Write(ref _ticking, 0);
        if (next != Never)
        {
            LookWithin(Math.Max(next, LivenessSettings.ShortestLookTicks));
        }
    }

    private long LookAtAll()
    {
        IWatchedConnection[] looking = ArrayPool<IWatchedConnection>.Shared.Rent(LookedAtTogether);
        long now = Now;
        long next = Never;
        int end = int.MaxValue;
        while (end > 0)
        {
            int count = Take(looking.AsSpan(0, LookedAtTogether), ref end);
            for (int i = 0; i < count; i++)
            {
                next = Math.Min(next, looking[i].Look(now));
            }
        }

        // A connection that is gone must not be kept by the memory of having looked at it.
        ArrayPool<IWatchedConnection>.Shared.Return(looking, clearArray: true);
        return next;
    }

    /// <summary>The next connections to look at, those before <paramref name="end"/>, which is moved to the first of them.</summary>
    private int Take(Span<IWatchedConnection> looking, ref int end)
    {
        int count = 0;
        lock (_lock)
        {
            end = Math.Min(end, _connections.Count);
            int start = Math.Max(0, end - looking.Length);

            // Backwards: what takes the place of one that has gone comes from behind, so it has been visited, or was added since and has woken the watch itself.
            for (int i = end - 1; i >= start; i--)
            {
                if (_connections[i].TryGetTarget(out IWatchedConnection? connection))
                {
                    looking[count++] = connection;
                }
                else
                {
                    RemoveAt(i);
                }
            }

            end = start;
        }

        return count;
    }
}
