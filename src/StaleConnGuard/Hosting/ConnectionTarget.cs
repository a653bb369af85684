using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Whom the runtime connected to, and for which address: what it says when it connects, kept until the connection is ready. That tells
/// what lies between without asking the proxy, whose answer may be another the second time. Immutable.
/// </summary>
/// <param name="endPoint">The TCP peer: the server, or the proxy.</param>
/// <param name="requested">The address of the request as it is now; a redirect may change the message before the connection is ready.</param>
internal sealed class ConnectionTarget(DnsEndPoint endPoint, Uri requested)
{
    // Under the stream of the connection and, where that may be hidden under TLS, under the request that it was made for.
    private static readonly ConditionalWeakTable<object, ConnectionTarget> s_made = [];

    private readonly string _peer = endPoint.Host.ToLowerInvariant();
    private readonly int _port = endPoint.Port;
    private readonly Uri _requested = requested;

    private bool LeadsToServer => _port == _requested.Port && _peer == OriginKey.HostOf(_requested);

    public void Remember(object connection) => s_made.AddOrUpdate(connection, this);

    /// <summary>The one that <paramref name="connection"/> was made by; null when no connection was made for it, because it runs through a tunnel.</summary>
    public static ConnectionTarget? Of(Stream connection, HttpRequestMessage request)
    {
        if (s_made.TryGetValue(connection, out ConnectionTarget? target))
        {
            _ = s_made.Remove(connection);
            return target;
        }

        // What an earlier address of a redirected message was connected by is not meant.
        return s_made.TryGetValue(request, out target) && OriginKey.Of(target._requested) == OriginKey.Of(request.RequestUri!) ? target : null;
    }

    /// <summary>What the connection leads to.</summary>
    /// <param name="connection">What the runtime made of it: TLS perhaps.</param>
    /// <param name="transport">Its socket end, if that can be seen.</param>
    /// <param name="handler">The handler that made it.</param>
    public OriginKey OriginBehind(Stream connection, TransportStream? transport, SocketsHttpHandler handler)
    {
        if (LeadsToServer)
        {
            return OriginKey.Of(_requested);
        }

        if (!handler.UseProxy)
        {
            // The message was redirected before the runtime came to connect: the peer is the server.
            return new OriginKey(_requested.Scheme, _peer, _port, Proxy: null);
        }

        // Plain requests of all hosts share the connections to their proxy: there it is the proxy that closes them. Whatever else goes to a proxy
        // at once, without CONNECT, is SOCKS (RFC 1928), and so is a plain connection on which words were exchanged before the first request.
        bool isForward = _requested.Scheme == Uri.UriSchemeHttp && !(ReferenceEquals(connection, transport) && transport!.BytesWritten > 0);
        return isForward
            ? new OriginKey(connection is SslStream ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, _peer, _port, Proxy: null)
            : OriginKey.Of(_requested) with { Proxy = OriginKey.TextOf(SocksScheme(handler.Proxy), _peer, _port) };
    }

    // Which version of SOCKS it is, only a proxy knows that always answers the same.
    private static string SocksScheme(IWebProxy? proxy) =>
        proxy is WebProxy { Address: { Scheme: "socks4" or "socks4a" or "socks5" } address } && proxy.GetType() == typeof(WebProxy) ? address.Scheme : "socks";
}
