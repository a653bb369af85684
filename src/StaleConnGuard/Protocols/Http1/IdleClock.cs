namespace StaleConnGuard.Protocols.Http1;

/// <summary>When a byte was last read or written on one connection, and so for how long it has been idle.</summary>
/// <remarks>
/// Threads: the time of the last activity is one volatile word, for any. Whether an arrival is unknown is the reading side's, and that of the request that
/// takes the idle connection: those two never meet.
/// </remarks>
internal sealed class IdleClock
{
    // A read that finds bytes waiting after a pause does not know when they came.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _time;
    private readonly TransportStream? _transport;
    private readonly long _created;
    private long _lastActivity;
    private long _lastArrival;
    private bool _arrivalUnknown;

    public IdleClock(TimeProvider time, TransportStream? transport)
    {
        _time = time;
        _transport = transport;
        _created = _lastActivity = time.GetTimestamp();
    }

    /// <summary>When the last byte was read or written. A timestamp of the guard's clock.</summary>
    public long LastActivity => Volatile.Read(ref _lastActivity);

    /// <summary>When a byte was read last; 0 when none has been. A timestamp of the guard's clock.</summary>
    public long LastArrival => Volatile.Read(ref _lastArrival);

    // The clock is what costs most on the way of a request: it is read once for all that is asked in one moment.
    public long Now => _time.GetTimestamp();

    /// <summary>Now, or a little earlier: for what is judged again.</summary>
    public long RoughlyNow => Math.Max(RoughClock.Read(_time), LastActivity);

    public TimeSpan IdleAge => TimeSpan.FromTicks(IdleAgeTicksAt(Now));

    public long IdleAgeTicksAt(long now) => _time.GetElapsedTime(LastActivity, now).Ticks;

    public long ConnectionAgeTicksAt(long now) => _time.GetElapsedTime(_created, now).Ticks;

    public void Touch() => Touch(Now);

    public void Touch(long now) => Volatile.Write(ref _lastActivity, now);

    /// <summary>Bytes have come.</summary>
    public void TouchByArrival(long now)
    {
        Volatile.Write(ref _lastArrival, now);
        Touch(now);
    }

    /// <summary>Bytes are there that nobody waited for: if they come after a pause, it is not known when they came.</summary>
    public void NoteUnwatchedArrival(long now) => _arrivalUnknown |= IdleAgeTicksAt(now) > s_pause.Ticks;

    /// <summary>A read was waiting when bytes came.</summary>
    public void NoteWatchedArrival() => _arrivalUnknown = false;

    /// <summary>
    /// The server's idle clock starts at its last byte. When the application read that late, only the kernel knows when it came; from then on it counts.
    /// </summary>
    public long IdleAgeTicksSinceArrival(long now)
    {
        if (_arrivalUnknown && _transport is not null && _transport.TryProbe(out TcpSnapshot info) && info.LastDataReceived.Ticks > IdleAgeTicksAt(now))
        {
            long ago = (long)(info.LastDataReceived.TotalSeconds * _time.TimestampFrequency);
            TouchByArrival(now - ago);
        }

        _arrivalUnknown = false;
        return IdleAgeTicksAt(now);
    }
}
