using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StaleConnGuard.RuntimeTests;

/// <summary>How connections are made: callbacks, TLS, tunnels (<c>GuardedConnections</c>, <c>TransportLink</c>, <c>TunnelTransports</c>).</summary>
public class ConnectRuntimeContractTests
{
    private static readonly HttpRequestMessage s_none = new();

    /// <summary>If not: an origin is not known, and what a callback of the application reads is taken for the request's.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Callbacks_RunOneAfterTheOther_InTheContextOfTheRequestThatAsked(bool tls, bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls);
        var seen = new ConcurrentQueue<(string What, string? Sender, object Subject)>();
        using var client = new TappedClient(handler =>
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                seen.Enqueue(("connect", TappedClient.Sender, context.DnsEndPoint.Port));
                seen.Enqueue(("connect for", TappedClient.Sender, context.InitialRequestMessage));
                return await ConnectAsync(context.DnsEndPoint, cancellationToken);
            };
            handler.PlaintextStreamFilter = (context, _) =>
            {
                seen.Enqueue(("filter", TappedClient.Sender, context.PlaintextStream.GetType()));
                seen.Enqueue(("filter for", TappedClient.Sender, context.InitialRequestMessage));
                context.NegotiatedHttpVersion.ShouldBe(HttpVersion.Version11);
                return ValueTask.FromResult(context.PlaintextStream);
            };
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);

        await client.ExchangeAsync("sender", request, sync);

        seen.ShouldBe(
        [
            ("connect", "sender", server.Uri.Port),
            ("connect for", "sender", request),
            ("filter", "sender", tls ? typeof(SslStream) : typeof(FlushedStream)),
            ("filter for", "sender", request),
        ]);
    }

    /// <summary>If not: the socket below TLS is not found, and nothing is proven there.</summary>
    [Fact]
    public async Task Tls_PassesAFlushDown_OnTheSameThread()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls: true);
        FlushedStream? transport = null;
        int? thread = null;
        using var client = new TappedClient(handler =>
        {
            handler.ConnectCallback = async (context, cancellationToken) => transport = await ConnectAsync(context.DnsEndPoint, cancellationToken);
            handler.PlaintextStreamFilter = (context, _) =>
            {
                transport!.FlushedOn = null;
                context.PlaintextStream.Flush();
                thread = transport.FlushedOn;
                thread.ShouldBe(Environment.CurrentManagedThreadId);
                return ValueTask.FromResult(context.PlaintextStream);
            };
        });

        await client.GetAsync("sender", server.Uri);

        thread.ShouldNotBeNull();
    }

    /// <summary>If not: bytes are written that are not counted, and a mark lies too low, which makes a false proof possible.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tls_WritesInOneOfTheWaysThatAreCounted_AndOneAtATime(bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls: true);
        FlushedStream? transport = null;
        using var client = new TappedClient(handler => handler.ConnectCallback = async (context, cancellationToken) => transport = await ConnectAsync(context.DnsEndPoint, cancellationToken));

        await client.GetAsync("first", server.Uri, sync);
        long before = transport!.Counted;
        await client.GetAsync("second", server.Uri, sync);

        transport.Counted.ShouldBeGreaterThan(before + 40, "a request and what TLS adds to it");
        transport.Uncounted.ShouldBe(0);
        transport.HadTwoAtOnce.ShouldBeFalse();
    }

    /// <summary>If not: an HTTP/2 connection gets the stream of HTTP/1.1, or the other way round.</summary>
    [Theory]
    [InlineData(HttpProtocols.Http1, 1)]
    [InlineData(HttpProtocols.Http2, 2)]
    public async Task Filter_IsToldWhichVersionWasNegotiated(HttpProtocols protocols, int major)
    {
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using KestrelUnderTest server = await KestrelUnderTest.StartAsync(_ => { }, app => app.MapGet("/", () => "ok"), protocols, certificate: certificate);
        Version? negotiated = null;
        using var client = new TappedClient(handler => handler.PlaintextStreamFilter = (context, _) =>
        {
            negotiated = context.NegotiatedHttpVersion;
            return ValueTask.FromResult(context.PlaintextStream);
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };

        using HttpResponseMessage response = await client.SendAsync("sender", request);

        negotiated!.Major.ShouldBe(major);
        response.Version.Major.ShouldBe(major);
    }

    /// <summary>If not: a tunnel is not tied to the connection through it, and nothing is proven there.</summary>
    [Fact]
    public async Task Tunnel_IsMadeInTheContextOfTheRequest_ByAConnectOfItsOwn_AndTheConnectionThroughItHasNoConnectCallback()
    {
        await using var proxy = new ConnectProxy();
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls: true);
        var seen = new ConcurrentQueue<string>();
        HttpRequestMessage connect = s_none;
        using var client = new TappedClient(handler =>
        {
            handler.Proxy = new WebProxy(proxy.Uri);
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                seen.Enqueue($"connect to {(context.DnsEndPoint.Port == proxy.Uri.Port ? "proxy" : "server")} by {TappedClient.Sender}");
                return await ConnectAsync(context.DnsEndPoint, cancellationToken);
            };
            handler.PlaintextStreamFilter = (context, _) =>
            {
                connect = context.InitialRequestMessage.Method == HttpMethod.Connect ? context.InitialRequestMessage : connect;
                seen.Enqueue($"filter {context.InitialRequestMessage.Method} {context.PlaintextStream.GetType().Name} by {TappedClient.Sender}");
                return ValueTask.FromResult(context.PlaintextStream);
            };
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);

        await client.ExchangeAsync("sender", request);

        seen.ShouldBe(["connect to proxy by sender", "filter CONNECT FlushedStream by sender", "filter GET SslStream by sender"]);
        connect.ShouldNotBeSameAs(request);
        connect.RequestUri!.Port.ShouldBe(proxy.Uri.Port, "the proxy, as the runtime chose it");
        client.Connections[0].Writes[0].Text.ShouldStartWith("CONNECT ");
        client.Connections[0].Writes.ShouldAllBe(write => write.Sender == "sender", "CONNECT is written in the flow in which the connection through it is made");
    }

    /// <summary>If not: a proxy that refuses the credentials is asked again, until it locks the account (<c>ProxyRefusal</c>).</summary>
    [Theory]
    [InlineData(407)]
    [InlineData(403)]
    [InlineData(502)]
    public async Task Tunnel_Refused_NamesTheStatus(int status)
    {
        await using var proxy = new ScriptedServer(async connection => await connection.AnswerAsync((await connection.ReadRequestAsync())!, status));
        using var client = new TappedClient(handler => handler.Proxy = new WebProxy(proxy.Uri));

        HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync("sender", new Uri("https://origin.test/")));

        e.HttpRequestError.ShouldBe(HttpRequestError.ProxyTunnelError);
        ProxyRefusal.IsFinal(e).ShouldBe(status < 500);
    }

    /// <summary>If not: a connection that took too long is not known for one on which nothing was sent (<c>FailureClassifier</c>).</summary>
    [Fact]
    public async Task ConnectTimeout_IsACancellationThatNamesItself()
    {
        using var client = new TappedClient(handler =>
        {
            handler.ConnectTimeout = TimeSpan.FromMilliseconds(50);
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return Stream.Null;
            };
        });

        // A task that was cancelled keeps its exception to itself; who awaits gets it.
        Exception? e = await Record.ExceptionAsync(() => client.GetAsync("sender", new Uri("http://origin.test/")));

        FailureClassifier.SaysConnectTimeout(e.ShouldBeAssignableTo<OperationCanceledException>()!.InnerException.ShouldBeOfType<TimeoutException>()).ShouldBeTrue();
    }

    /// <summary>If not: the guard does not find out that a handler was in use before it came.</summary>
    [Fact]
    public async Task Handler_CanBeChangedUntilItHasSent_AndNotAfter()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        GuardedConnections.CanStillBeSet(client.Handler).ShouldBeTrue();

        await client.GetAsync("sender", server.Uri);

        GuardedConnections.CanStillBeSet(client.Handler).ShouldBeFalse();
    }

    /// <summary>If not: clients on a <see cref="HttpClientHandler"/> are not guarded, and a warning says so (event 103).</summary>
    [Fact]
    public void HttpClientHandler_KeepsItsConnectionsWhereTheGuardLooks()
    {
        using var handler = new HttpClientHandler { MaxConnectionsPerServer = 17 };

        UnderlyingHandler.Of(handler).ShouldNotBeNull().MaxConnectionsPerServer.ShouldBe(17);
    }

    /// <summary>If not: the runtime's metrics of connections lose the peer's address on guarded connections.</summary>
    [Fact]
    public async Task Metrics_FindThePeerOfAStreamThatDerivesFromNetworkStream()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        var peers = new ConcurrentQueue<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "http.client.open_connections")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Note(tags));
        listener.SetMeasurementEventCallback<int>((_, _, tags, _) => Note(tags));
        listener.Start();
        using var client = new TappedClient(handler => handler.ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken));

        await client.GetAsync("sender", server.Uri);


        // It is told on .NET 10, and asked for on .NET 11.
        listener.RecordObservableInstruments();
        peers.ShouldNotBeEmpty();
        peers.ShouldAllBe(peer => IPAddress.Parse((string)peer!).MapToIPv4().Equals(IPAddress.Loopback));

        void Note(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (Convert.ToInt32(Tag(tags, "server.port"), System.Globalization.CultureInfo.InvariantCulture) == server.Uri.Port)
            {
                peers.Enqueue(Tag(tags, "network.peer.address"));
            }
        }
    }

    private static object? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == name)
            {
                return tag.Value;
            }
        }

        return null;
    }

    private static async Task<FlushedStream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint, cancellationToken);
        return new FlushedStream(socket);
    }

    /// <summary>A transport as the guard's: overrides the same ways to write, and notes flushes.</summary>
    private sealed class FlushedStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private int _writing;

        public int? FlushedOn { get; set; }

        public long Counted { get; private set; }

        public long Uncounted { get; private set; }

        public bool HadTwoAtOnce { get; private set; }

        public override void Flush() => FlushedOn = Environment.CurrentManagedThreadId;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            HadTwoAtOnce |= Interlocked.Exchange(ref _writing, 1) == 1;
            Counted += buffer.Length;
            await base.WriteAsync(buffer, cancellationToken);
            Volatile.Write(ref _writing, 0);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Counted += buffer.Length;
            _ = Socket.Send(buffer, SocketFlags.None);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state)
        {
            Uncounted += count;
            return base.BeginWrite(buffer, offset, count, callback, state);
        }

        public override void WriteByte(byte value)
        {
            Uncounted++;
            base.WriteByte(value);
        }
    }
}
