namespace StaleConnGuard.Origins;

/// <summary>What is kept for one origin in an <see cref="OriginTable{TEntry}"/>. Thread-safe.</summary>
/// <param name="key">The origin.</param>
/// <param name="now">When it is made, on the clock by which the table's entries are compared.</param>
internal abstract class OriginEntry(in OriginKey key, long now)
{
    private long _lastUsed = now;
    private volatile bool _isDropped;

    public OriginKey Key { get; } = key;

    /// <summary>A timestamp: who has the lowest is dropped first.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    /// <summary>Dropped from the table: whoever holds it must look the origin up again, or put it back.</summary>
    public bool IsDropped => _isDropped;

    /// <summary>The table's.</summary>
    internal void MarkDropped(bool dropped) => _isDropped = dropped;
}
