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

            if (options.KeepAlive.LedgerFile is { } file)
            {
                guard.Ledger.KeepIn(file, guard.Events.LedgerFileProblem);
            }

            bool hasOwnLimit = handler.ConnectTimeout != Timeout.InfiniteTimeSpan;
            var watch = LivenessWatch.For(options.Transport, guard.Time);
            HandlerDefaults.Apply(handler, options, s_jitter.NextDouble());
            guard.ConnectTimeout = hasOwnLimit ? null : handler.ConnectTimeout;
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

    private static void SetCallbacks(SocketsHttpHandler handler, ConnectionGuard guard, StaleConnGuardOptions options, GuardSettingsHolder settings, LivenessWatch? watch)
    {
        // The application may have set a limit of its own meanwhile.
        guard.ConnectTimeout = guard.ConnectTimeout == handler.ConnectTimeout ? guard.ConnectTimeout : null;
        handler.ConnectCallback = ConnectWith(handler.ConnectCallback, SocketTuning.From(options.Transport), handler.ConnectTimeout, guard, watch);
        handler.PlaintextStreamFilter = FilterWith(handler.PlaintextStreamFilter, handler, guard, settings);
        handler.RequestHeaderEncodingSelector = EncodingWith(handler.RequestHeaderEncodingSelector, guard);
        guard.AnswersChallenges = handler.Credentials is not null;
        guard.Contract.Watch();
    }

    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> ConnectWith(
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? users, SocketTuning tuning, TimeSpan limit, ConnectionGuard guard, LivenessWatch? watch)
    {
        var dialer = new Dialer(tuning, limit, guard.Time, guard.ResolveName);
        return async (context, cancellationToken) =>
        {
            var target = new ConnectionTarget(context.DnsEndPoint, context.InitialRequestMessage.RequestUri!);
            Stream stream;
            try
            {
                if (users is null)
                {
                    stream = Watched(new TransportStream(await dialer.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false), guard.Probe), watch);
                }
                else
                {
                    // The application's code; what it reads and writes is not this request's.
                    Exchange.Current = null;
                    stream = await users(context, cancellationToken).ConfigureAwait(false);
                    PeerAddress.LookUp(stream);
                    stream = Wrap(stream, tuning, watch, guard.Probe);
                }
            }
            catch (Exception e) when (e.GetBaseException() is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
            {
                guard.Ports.NoteShortage();
                throw;
            }

            TransportStream? within = stream as TransportStream ?? GrpcStream.Replace(stream, socket => Replace(socket, tuning, watch, guard.Probe));
            if (within is null)
            {
                guard.HasHiddenTransports = true;
                target.Remember(context.InitialRequestMessage);
            }
            else if (!ReferenceEquals(within, stream))
            {
                target.Remember(within);
            }

            target.Remember(stream);
            return stream;
        };
    }

    // Only a plain NetworkStream can be replaced by one on the same socket; whatever else the application made stays as it is, and nothing is proven there.
    private static Stream Wrap(Stream users, SocketTuning tuning, LivenessWatch? watch, ITcpProbe probe) =>
        users.GetType() == typeof(NetworkStream) ? Replace((NetworkStream)users, tuning, watch, probe) : users;

    private static TransportStream Replace(NetworkStream stream, SocketTuning tuning, LivenessWatch? watch, ITcpProbe probe)
    {
        tuning.ApplyToForeign(stream.Socket);
        return Watched(new TransportStream(stream, probe), watch);
    }

    private static TransportStream Watched(TransportStream transport, LivenessWatch? watch)
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
            HttpRequestMessage request = context.InitialRequestMessage;
            Exchange? maker = Exchange.Current;
            bool isProxyTunnel = request.Method == HttpMethod.Connect && !ReferenceEquals(maker?.Request, request);
            Exchange.Current = null;
            TransportStream? transport = TransportLink.Find(context.PlaintextStream);
            ConnectionTarget? target = ConnectionTarget.Of((Stream?)transport ?? context.PlaintextStream, request);
            Stream stream = users is null ? context.PlaintextStream : await users(context, cancellationToken).ConfigureAwait(false);
            if (isProxyTunnel)
            {
                AnnounceTunnel(stream, guard, maker, request.RequestUri!);
                return stream;
            }

            if (guard.Contract.IsBroken)
            {
                return stream;
            }

            // What was connected by no callback runs through a tunnel.
            TunnelTransports? tunnels = target is null && maker is not null ? TunnelTransports.Find(maker) : null;
            OriginKey key = target?.OriginBehind(context.PlaintextStream, transport, handler) ?? (OriginKey.Of(request.RequestUri!) with { Proxy = tunnels?.Proxy });
            TransportStream? carrier = tunnels is null ? TransportLink.Find(stream) : guard.HasHiddenTransports ? null : tunnels.TakeOnly();

            OriginKnowledge origin = guard.Ledger.GetOrAdd(key, settings.Current.KeepAlive.For(key));

            // HTTP/3 never comes here.
            return context.NegotiatedHttpVersion.Major == 1
                ? new GuardedStream(stream, carrier, guard, origin)
                : ShareConnection(stream, carrier, guard, origin, settings);
        };

    private static Http2Stream ShareConnection(Stream stream, TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin, GuardSettingsHolder settings)
    {
        var connection = new Http2Connection(transport, guard, origin);
        guard.Shared.Add(connection);
        return new Http2Stream(stream, connection, new IdleLimit(connection, () => settings.Current.KeepAlive.For(origin.Key)));
    }

    /// <summary>
    /// The runtime asks for each header how its value is encoded, in the requester's context, when the request has its connection and before it is handed to it: the latest moment
    /// of which it is certain that nothing of the request has been written. It asks again when it sends the request again.
    /// </summary>
    private static HeaderEncodingSelector<HttpRequestMessage> EncodingWith(HeaderEncodingSelector<HttpRequestMessage>? users, ConnectionGuard guard) =>
        (name, request) =>
        {
            if ((request.Version.Major >= 2 || request.VersionPolicy is HttpVersionPolicy.RequestVersionOrHigher)
                && Exchange.Current is { Shared: SharedSend send } exchange && ReferenceEquals(exchange.Request, request)
                && send.HeaderIsEncoded(name, exchange))
            {
                guard.Events.RuntimeRepeats(exchange);
            }

            return users?.Invoke(name, request);
        };

    /// <summary>From here on whoever writes to the proxy says in which flow the tunnel is made.</summary>
    private static void AnnounceTunnel(Stream stream, ConnectionGuard guard, Exchange? maker, Uri proxy)
    {
        if (maker is not null)
        {
            TunnelTransports.Of(maker).Proxy = OriginKey.TextOf(proxy);
        }

        if (TransportLink.Find(stream) is TransportStream transport)
        {
            _ = TunnelUnderWay.On(transport);
            return;
        }

        guard.HasHiddenTransports = true;
    }
}
