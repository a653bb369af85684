using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Origins;

/// <summary>Scheme, host and port, and proxy if any, that a pooled connection leads to. The one place where an address becomes text: user
/// information, path, query and fragment never do.</summary>
/// <param name="Scheme">Lower case.</param>
/// <param name="Host">Lower case and as on the wire: an international name in its ASCII form (RFC 5891), an IPv6 address without brackets.</param>
/// <param name="Port">The port.</param>
/// <param name="Proxy">The proxy's scheme, host and port, or null.</param>
internal readonly record struct OriginKey(string Scheme, string Host, int Port, string? Proxy)
{
    public override string ToString() => Proxy is null ? Origin : $"{Origin} via {Proxy}";

    /// <summary>Scheme, host and port alone.</summary>
    public string Origin => TextOf(Scheme, Host, Port);

    /// <summary>The origin of an absolute address, reached through <paramref name="proxy"/> if that is not null.</summary>
    public static OriginKey Of(Uri uri, Uri? proxy = null) => new(uri.Scheme, HostOf(uri), uri.Port, proxy is null ? null : TextOf(proxy));

    /// <summary>Scheme, host and port of an absolute address.</summary>
    public static string TextOf(Uri uri) => TextOf(uri.Scheme, HostOf(uri), uri.Port);

    /// <summary>Scheme, host and port as a text that can be read as an address again.</summary>
    public static string TextOf(string scheme, string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) ? $"{scheme}://[{host}]:{port}" : $"{scheme}://{host}:{port}";

    /// <summary>The host of an absolute address, in the one spelling that is used here.</summary>
    public static string HostOf(Uri uri) => WireHostOf(uri).ToLowerInvariant();

    /// <summary>
    /// The host as it goes to the wire. A name that has no such form leads nowhere, but whoever is to say so is the runtime: asked for that form, <see cref="Uri"/> throws.
    /// </summary>
    public static string WireHostOf(Uri uri) => TryGetWireHost(uri, out string? host) ? host : uri.Host;

    /// <summary>Reads an origin as people write it: an http or https URL without user, path, query and fragment.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out OriginKey key)
    {
        key = default;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri))
        {
            return false;
        }

        if (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
        {
            return false;
        }

        if (uri.Host.Length == 0 || !TryGetWireHost(uri, out _) || uri.UserInfo.Length != 0 || uri.PathAndQuery != "/" || uri.Fragment.Length != 0)
        {
            return false;
        }

        key = Of(uri);
        return true;
    }

    private static bool TryGetWireHost(Uri uri, [NotNullWhen(true)] out string? host)
    {
        try
        {
            host = uri.IdnHost;
            return true;
        }
        catch (UriFormatException)
        {
            host = null;
            return false;
        }
    }
}
