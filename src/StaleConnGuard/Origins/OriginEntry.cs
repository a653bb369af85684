namespace StaleConnGuard.Origins;

/// <summary>
/// What is kept for one origin in an <see cref="OriginTable{TEntry}"/>. It is its own place there, with its key and the link to the next: a
/// dictionary's node, with a copy of the key, weighs nearly as much again as what it holds.
/// </summary>
/// <typeparam name="TSelf">The deriving class.</typeparam>
/// <param name="key">The origin. Its proxy is for the deriving class to keep, if it tells origins apart by it.</param>
/// <param name="now">When it is made, on the clock by which the table's entries are compared.</param>
internal abstract class OriginEntry<TSelf>(in OriginKey key, long now)
    where TSelf : OriginEntry<TSelf>
{
    private volatile TSelf? _next;
    private long _lastUsed = now;
    private volatile bool _isDropped;

    public string Scheme { get; } = key.Scheme;

    public string Host { get; } = key.Host;

    public int Port { get; } = key.Port;

    public virtual string? Proxy => null;

    public OriginKey Key => new(Scheme, Host, Port, Proxy);

    /// <summary>A timestamp: who has the lowest is dropped first.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    /// <summary>Dropped from the table: whoever holds it must look the origin up again, or put it back.</summary>
    public bool IsDropped => _isDropped;

    /// <summary>The table's.</summary>
    internal TSelf? Next
    {
        get => _next;
        set => _next = value;
    }

    /// <summary>The table's.</summary>
    internal void MarkDropped(bool dropped) => _isDropped = dropped;

    // Hosts differ most often, but a wrong port is found out without looking at a text.
    internal bool IsOf(in OriginKey key) =>
        Port == key.Port
        && string.Equals(Host, key.Host, StringComparison.Ordinal)
        && string.Equals(Scheme, key.Scheme, StringComparison.Ordinal)
        && string.Equals(Proxy, key.Proxy, StringComparison.Ordinal);
}
