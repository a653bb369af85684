namespace StaleConnGuard.Testing;

/// <summary>A clock that moves only when told to. Its timestamps count in an odd unit, so that code which takes them for ticks is caught.</summary>
public sealed class VirtualClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => 3_333_333;

    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Interlocked.Add(ref _ticks, by.Ticks);
    }

    public override long GetTimestamp() => (long)((Int128)Interlocked.Read(ref _ticks) * TimestampFrequency / TimeSpan.TicksPerSecond);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + Elapsed;
}
