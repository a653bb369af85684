namespace StaleConnGuard;

/// <summary>The tags that name an origin in metrics, made once. Immutable.</summary>
internal sealed class OriginTags
{
    public OriginTags(string scheme, string address, int port)
    {
        Scheme = new(TelemetryTags.UrlScheme, scheme);
        Address = new(TelemetryTags.ServerAddress, address);
        Port = new(TelemetryTags.ServerPort, port);
    }

    /// <summary>All origins beyond the first so many, and those whose address is not known.</summary>
    public static OriginTags Others { get; } = new(TelemetryTags.Other, TelemetryTags.Other, 0);

    public KeyValuePair<string, object?> Scheme { get; }

    public KeyValuePair<string, object?> Address { get; }

    public KeyValuePair<string, object?> Port { get; }

    public static OriginTags Of(in OriginKey key) => OriginTagCache.Shared.Of(key);
}
