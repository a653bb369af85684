namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// Since when a connection has been idle: no stream is open, and neither HEADERS nor DATA have passed. The writer and the reader tell it, anybody may ask; without a lock.
/// </summary>
internal sealed class Idleness(TimeProvider time)
{
    private long _lastActivity = time.GetTimestamp();

    public OpenStreams Streams { get; } = new();

    /// <summary>When HEADERS or DATA last passed: a timestamp of the guard's clock.</summary>
    public long LastActivity => Volatile.Read(ref _lastActivity);

    /// <summary>No stream is open. Asked before <see cref="LastActivity"/>: a stream is counted out after its activity has been noted.</summary>
    public bool IsIdle => Streams.Count == 0;

    /// <summary>How long it had been idle at this moment, in <see cref="TimeSpan"/> ticks; 0 while it is in use.</summary>
    public long TicksAt(long now) => IsIdle ? Math.Max(0, time.GetElapsedTime(LastActivity, now).Ticks) : 0;

    public void ActiveAt(long now) => Volatile.Write(ref _lastActivity, now);
}
