using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Puts the guard's streams under a <see cref="SocketsHttpHandler"/>, composing with callbacks the application has set. A handler is
/// prepared once, however many clients share it.
/// </summary>
internal static class GuardedConnections
{
    // Used under the lock.
    private static readonly Random s_jitter = new();

    private static readonly ConditionalWeakTable<SocketsHttpHandler, ConnectionGuard> s_prepared = new();

    /// <summary>
    /// The guard of <paramref name="handler"/>'s connections: the one it has already, or <paramref name="guard"/>. Null when the handler has
    /// sent requests and can no longer be changed. The callbacks are set when the guard sends its first request, not before: others set
    /// theirs after the handler was made (gRPC's load balancer, which refuses a handler that has one).
    /// </summary>
    /// <param name="handler">The handler.</param>
    /// <param name="guard">Its guard, if it has none yet.</param>
    /// <param name="options">What to set on it.</param>
    /// <param name="settings">In force when a connection is made.</param>
    /// <param name="onInUse">Called when the handler has by its first guarded request sent others: its connections are not guarded.</param>
    public static ConnectionGuard? Prepare(
        SocketsHttpHandler handler, ConnectionGuard guard, StaleConnGuardOptions options, GuardSettingsHolder settings, Action? onInUse = null)
    {
        lock (s_prepared)
        {
            if (s_prepared.TryGetValue(handler, out ConnectionGuard? prepared))
            {
                return prepared;
            }

            if (!CanStillBeSet(handler))
            {
                return null;
            }

            var watch = SilenceWatch.For(options.Transport, guard.Time);
            HandlerDefaults.Apply(handler, options, s_jitter.NextDouble());
            guard.BeforeFirstSend(() =>
            {
                if (CanStillBeSet(handler))
                {
                    SetCallbacks(handler, guard, options, settings, watch);
                }
                else
                {
                    onInUse?.Invoke();
                }
            });
            s_prepared.Add(handler, guard);
            return guard;
        }
    }

    /// <summary>The runtime has no question for it: a handler that has sent a request refuses to be changed.</summary>
    public static bool CanStillBeSet(SocketsHttpHandler handler)
    {
        try
        {
            handler.ConnectTimeout = handler.ConnectTimeout;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void SetCallbacks(SocketsHttpHandler handler, ConnectionGuard guard, StaleConnGuardOptions options, GuardSettingsHolder settings, SilenceWatch? watch)
    {
        handler.ConnectCallback = ConnectWith(handler.ConnectCallback, SocketTuning.From(options.Transport), watch);
        handler.PlaintextStreamFilter = FilterWith(handler.PlaintextStreamFilter, handler, guard, settings);
        guard.MayUnpackBodies = handler.AutomaticDecompression is not DecompressionMethods.None;
    }

    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> ConnectWith(
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? users, SocketTuning tuning, SilenceWatch? watch) =>
        users is null
            ? (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, tuning, watch, cancellationToken)
            : async (context, cancellationToken) =>
            {
                // The application's code; what it reads and writes is not this request's.
                Exchange.Current = null;
                return Wrap(await users(context, cancellationToken).ConfigureAwait(false), tuning, watch);
            };

    /// <summary>As the runtime connects on its own: dual mode, every address of the name in turn, no Nagle delay.</summary>
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, SocketTuning tuning, SilenceWatch? watch, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            tuning.Apply(socket);
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return Watched(new TransportStream(socket), watch);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Only a plain NetworkStream can be replaced by one on the same socket; whatever else the application made stays as it is, and nothing is proven there.
    private static Stream Wrap(Stream users, SocketTuning tuning, SilenceWatch? watch)
    {
        if (users.GetType() != typeof(NetworkStream))
        {
            return users;
        }

        var stream = (NetworkStream)users;
        tuning.ApplyToForeign(stream.Socket);
        return Watched(new TransportStream(stream), watch);
    }

    private static TransportStream Watched(TransportStream transport, SilenceWatch? watch)
    {
        watch?.Attach(transport);
        return transport;
    }

    private static Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>> FilterWith(
        Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? users,
        SocketsHttpHandler handler,
        ConnectionGuard guard,
        GuardSettingsHolder settings) =>
        async (context, cancellationToken) =>
        {
            // The runtime's own CONNECT to a proxy makes a tunnel below another connection: its bytes are no request's. The application's is a request.
            Exchange? maker = Exchange.Current;
            bool isProxyTunnel = context.InitialRequestMessage.Method == HttpMethod.Connect && !ReferenceEquals(maker?.Request, context.InitialRequestMessage);
            Exchange.Current = null;
            Stream stream = users is null ? context.PlaintextStream : await users(context, cancellationToken).ConfigureAwait(false);
            if (isProxyTunnel)
            {
                AnnounceTunnel(stream, guard);
                return stream;
            }

            OriginKey key = OriginOf(context.InitialRequestMessage.RequestUri!, handler);

            // HTTP/2 shares one writer between requests, and HTTP/3 never comes here.
            if (context.NegotiatedHttpVersion.Major != 1)
            {
                _ = TunnelOf(key, maker, guard);
                return stream;
            }

            OriginKnowledge origin = guard.Ledger.GetOrAdd(key, settings.Current.KeepAlive.For(key));
            return new GuardedStream(stream, TransportLink.Find(stream) ?? TunnelOf(key, maker, guard), guard, origin);
        };

    /// <summary>From here on whoever writes to the proxy says in which flow the tunnel is made.</summary>
    private static void AnnounceTunnel(Stream stream, ConnectionGuard guard)
    {
        if (TransportLink.Find(stream) is TransportStream transport)
        {
            _ = TunnelUnderWay.On(transport);
            return;
        }

        guard.HasHiddenTunnels = true;
    }

    private static TransportStream? TunnelOf(OriginKey key, Exchange? maker, ConnectionGuard guard) =>
        key.Proxy is null || guard.HasHiddenTunnels || maker is null ? null : TunnelTransports.Of(maker).TakeOnly();

    private static OriginKey OriginOf(Uri uri, SocketsHttpHandler handler)
    {
        Uri? proxy = handler.UseProxy ? (handler.Proxy ?? HttpClient.DefaultProxy).GetProxy(uri) : null;
        string? proxyName = proxy is null || proxy == uri ? null : proxy.GetLeftPart(UriPartial.Authority);

        // Plain requests of all hosts share the connections to their proxy: there it is the proxy that closes them.
        return proxyName is not null && uri.Scheme == Uri.UriSchemeHttp
            ? new OriginKey(proxy!.Scheme, proxy.IdnHost.ToLowerInvariant(), proxy.Port, null)
            : new OriginKey(uri.Scheme, uri.IdnHost.ToLowerInvariant(), uri.Port, proxyName);
    }
}
