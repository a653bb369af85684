using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Origins;

/// <summary>Scheme, host and port, and proxy if any, that a pooled connection leads to.</summary>
/// <param name="Scheme">Lower case.</param>
/// <param name="Host">Lower case.</param>
/// <param name="Port">The port.</param>
/// <param name="Proxy">The proxy's scheme, host and port, or null.</param>
internal readonly record struct OriginKey(string Scheme, string Host, int Port, string? Proxy)
{
    public override string ToString() => Proxy is null ? Origin : $"{Origin} via {Proxy}";

    /// <summary>Scheme, host and port alone.</summary>
    public string Origin => $"{Scheme}://{Host}:{Port}";

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

        if (uri.Host.Length == 0 || uri.UserInfo.Length != 0 || uri.PathAndQuery != "/" || uri.Fragment.Length != 0)
        {
            return false;
        }

        key = new OriginKey(uri.Scheme, uri.IdnHost.ToLowerInvariant(), uri.Port, Proxy: null);
        return true;
    }
}
