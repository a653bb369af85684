using System.Text;

namespace StaleConnGuard.Cli;

/// <summary>The request of a probe, as bytes.</summary>
internal static class ProbeRequest
{
    /// <param name="arguments">What was asked for.</param>
    /// <param name="asksToKeepAlive">Whether it carries <c>Connection: keep-alive</c>, which makes some servers advertise.</param>
    public static byte[] Write(ProbeArguments arguments, bool asksToKeepAlive)
    {
        var text = new StringBuilder($"{arguments.Method} {arguments.Address.PathAndQuery} HTTP/1.1\r\n");
        if (!Has(arguments, "Host"))
        {
            _ = text.Append($"Host: {HostOf(arguments.Address)}\r\n");
        }

        foreach ((string name, string value) in arguments.Headers)
        {
            _ = text.Append($"{name}: {value}\r\n");
        }

        if (!Has(arguments, "Accept"))
        {
            _ = text.Append("Accept: */*\r\n");
        }

        if (!Has(arguments, "User-Agent"))
        {
            _ = text.Append("User-Agent: staleconn\r\n");
        }

        if (asksToKeepAlive)
        {
            _ = text.Append("Connection: keep-alive\r\n");
        }

        // RFC 9110 8.6: a method that usually has a body says that it has none.
        if (arguments.Method is "POST" or "PUT" or "PATCH")
        {
            _ = text.Append("Content-Length: 0\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    private static string HostOf(Uri address)
    {
        string host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }

    private static bool Has(ProbeArguments arguments, string name) =>
        arguments.Headers.Any(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase));
}
