using System.Collections.Concurrent;

namespace StaleConnGuard;

/// <summary>
/// The tags that name an origin, made once. Bounded: a process that has met more origins than <see cref="Capacity"/> reports the others
/// together, so that a crawler does not grow a time series for each host it sees. Immutable.
/// </summary>
internal sealed class OriginTags
{
    public const int Capacity = KeepAliveDefaults.MaxOrigins;

    private static readonly ConcurrentDictionary<OriginKey, OriginTags> s_known = new();
    private static int s_count;

    private OriginTags(string scheme, string address, object port)
    {
        Scheme = new(TelemetryTags.UrlScheme, scheme);
        Address = new(TelemetryTags.ServerAddress, address);
        Port = new(TelemetryTags.ServerPort, port);
    }

    /// <summary>All origins beyond the first <see cref="Capacity"/>, and those whose address is not known.</summary>
    public static OriginTags Others { get; } = new(TelemetryTags.Other, TelemetryTags.Other, 0);

    public KeyValuePair<string, object?> Scheme { get; }

    public KeyValuePair<string, object?> Address { get; }

    public KeyValuePair<string, object?> Port { get; }

    public static OriginTags Of(in OriginKey key)
    {
        if (s_known.TryGetValue(key, out OriginTags? known))
        {
            return known;
        }

        // Counted apart, because counting a concurrent dictionary locks all of it. Two threads at the limit may both get in: a bound, not a quota.
        if (Volatile.Read(ref s_count) >= Capacity)
        {
            return Others;
        }

        var made = new OriginTags(key.Scheme, key.Host, key.Port);
        if (s_known.TryAdd(key, made))
        {
            Interlocked.Increment(ref s_count);
            return made;
        }

        return s_known[key];
    }
}
