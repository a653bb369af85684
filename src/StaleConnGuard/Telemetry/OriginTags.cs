namespace StaleConnGuard.Telemetry;

/// <summary>The tags that name an origin in metrics, made once. Immutable.</summary>
internal sealed class OriginTags(string scheme, string address, int port)
{
    private static readonly object s_http = 80;
    private static readonly object s_https = 443;

    // Boxed once, and once for all origins where it is a default port.
    private readonly object _port = port switch { 80 => s_http, 443 => s_https, _ => port };

    /// <summary>All origins beyond the first so many, and those whose address is not known.</summary>
    public static OriginTags Others { get; } = new(TelemetryTags.Other, TelemetryTags.Other, 0);

    public KeyValuePair<string, object?> Scheme => new(TelemetryTags.UrlScheme, scheme);

    public KeyValuePair<string, object?> Address => new(TelemetryTags.ServerAddress, address);

    public KeyValuePair<string, object?> Port => new(TelemetryTags.ServerPort, _port);

    public static OriginTags Of(in OriginKey key) => OriginTagCache.Shared.Of(key);
}
