using System.Collections.Concurrent;

namespace StaleConnGuard.Telemetry;

/// <summary>
/// The origins that metrics name. Bounded: once there are so many, further ones are reported together, so that a crawler does not grow a
/// time series for each host it sees. Nothing is ever dropped, because a time series that changes its name is worse than none. Thread-safe.
/// </summary>
internal sealed class OriginTagCache(int capacity)
{
    private readonly ConcurrentDictionary<OriginKey, OriginTags> _known = new();
    private int _count;

    public static OriginTagCache Shared { get; } = new(KeepAliveDefaults.MaxOrigins);

    public OriginTags Of(in OriginKey key)
    {
        if (_known.TryGetValue(key, out OriginTags? known))
        {
            return known;
        }

        // Counted apart, because counting a concurrent dictionary locks all of it. Reserved before it is added, so that the bound holds.
        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            return OriginTags.Others;
        }

        var made = new OriginTags(key.Scheme, key.Host, key.Port);
        if (_known.TryAdd(key, made))
        {
            return made;
        }

        Interlocked.Decrement(ref _count);
        return _known[key];
    }
}
