using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;
using StaleConnGuard.WireTests.Common;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>What HTTP/2 has and HTTP/1.1 has not (RFC 9113, RFC 8441), through the guard: it changes nothing of it, and its own limit goes on working.</summary>
public class Http2ProtocolTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task Alpn_ConnectionIsChosenByTls_IsWatchedAsHttp2()
    {
        using var certificate = SelfSignedCertificate.Create(IPAddress.Loopback);
        await using KestrelUnderTest server = await StartAsync(HttpProtocols.Http1AndHttp2, certificate: certificate);
        using var client = new GuardedClient(serverTimeout: s_short);
        for (int i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri) { VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher };
            using HttpResponseMessage response = await client.SendAsync(request);
            response.Version.ShouldBe(HttpVersion.Version20);
            await UntilRetiredAsync(client, i + 1);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ManyStreamsAtOnce_AllAreAnsweredWithTheirOwn(bool multipleConnections)
    {
        await using KestrelUnderTest server = await StartAsync(configure: limits => limits.MaxStreamsPerConnection = 30);
        using var client = new GuardedClient(configure: sockets => sockets.EnableMultipleHttp2Connections = multipleConnections);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i => (await EchoAsync(client, server.Uri, $"message {i}")).ShouldBe($"message {i}")));
    }

    [Fact]
    public async Task OneStreamAtATime_QueuedRequestsAreAnswered()
    {
        await using KestrelUnderTest server = await StartAsync(configure: limits => limits.MaxStreamsPerConnection = 1);
        using var client = new GuardedClient();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await EchoAsync(client, server.Uri, $"message {i}")).ShouldBe($"message {i}")));
    }

    [Fact]
    public async Task FlowControl_ServerReadsLate_UploadIsWholeAndNotCutAtTheLimit()
    {
        await using KestrelUnderTest server = await StartAsync(
            configure: limits =>
            {
                limits.InitialStreamWindowSize = 65535;
                limits.InitialConnectionWindowSize = 65535;
            });
        using var client = new GuardedClient(serverTimeout: s_short);
        using var request = Http2(HttpMethod.Post, new Uri(server.Uri, "late"));
        request.Content = new ByteArrayContent(new byte[1 << 20]);
        using HttpResponseMessage response = await client.SendAsync(request);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe("1048576");
    }

    [Fact]
    public async Task Trailers_Come()
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new GuardedClient();
        using HttpRequestMessage request = Http2(HttpMethod.Get, new Uri(server.Uri, "trailers"));
        using HttpResponseMessage response = await client.SendAsync(request);
        response.TrailingHeaders.GetValues("x-trailer").ShouldBe(["there"]);
    }

    /// <summary>RFC 8441. The stream is open for as long as the WebSocket is: the limit for idle connections is none for it.</summary>
    [Fact]
    public async Task WebSocket_OverHttp2_TalksAndIsNotCutAtTheLimit()
    {
        await using KestrelUnderTest server = await StartAsync();
        using var client = new GuardedClient(serverTimeout: s_short);
        using var socket = new ClientWebSocket { Options = { HttpVersion = HttpVersion.Version20, HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact } };
        using var invoker = new HttpMessageInvoker(client.Handler, disposeHandler: false);
        await socket.ConnectAsync(new UriBuilder(server.Uri) { Scheme = "ws", Path = "socket" }.Uri, invoker, TestContext.Current.CancellationToken);
        byte[] buffer = new byte[100];
        foreach (string word in (string[])["before", "after"])
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(word), WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe(word);
            await Task.Delay(2 * s_short, TestContext.Current.CancellationToken);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, TestContext.Current.CancellationToken);
        client.Observer.Hits.ShouldBeEmpty();
    }

    /// <summary>Each of these comes before the answer, on the stream or beside it; the scanner takes note of it and nothing changes, the limit included.</summary>
    [Theory]
    [InlineData("PRIORITY")]
    [InlineData("ALTSVC")]
    [InlineData("1xx")]
    [InlineData("SETTINGS that shrink")]
    [InlineData("WINDOW_UPDATE")]
    [InlineData("PING")]
    public async Task FramesBeforeTheAnswer_AnswerComesAndTheLimitIsKept(string what)
    {
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(TimeSpan.FromMinutes(1), Http2End.Fin, beforeAnswer: stream => FramesOf(what, stream));
        using var client = new GuardedClient(serverTimeout: s_short);
        for (int i = 0; i < 2; i++)
        {
            using HttpRequestMessage request = Http2(HttpMethod.Post, server.Address);
            request.Headers.Add("X-Request-Id", $"number {i}");
            request.Content = new StringContent("body");
            using HttpResponseMessage response = await client.SendAsync(request);
            (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe($"number {i}");
            await UntilRetiredAsync(client, i + 1);
        }

        client.Observer.Hits.Where(hit => hit.End is not ConnectionEnd.Refused).ShouldBeEmpty();
        server.ConnectionsAccepted.ShouldBe(2);
    }

    /// <summary>
    /// Push is switched off by the runtime, so a promise is an error of the connection (RFC 9113 8.4). So is, to the runtime, a frame that it does not know, though RFC 9113 4.1 would have
    /// it ignored. It ends the connection, with the guard as without, and nothing is claimed then.
    /// </summary>
    [Theory]
    [InlineData("PUSH_PROMISE", true)]
    [InlineData("PUSH_PROMISE", false)]
    [InlineData("unknown frame", true)]
    [InlineData("unknown frame", false)]
    public async Task FramesThatTheRuntimeRefuses_FailAsWithoutTheGuardAndNothingIsClaimed(string what, bool guarded)
    {
        int answers = 0;
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(
            TimeSpan.FromMinutes(1), Http2End.Fin, beforeAnswer: stream => Interlocked.Increment(ref answers) == 1 ? [] : FramesOf(what, stream));
        using var client = new GuardedClient(guarded);
        (await client.SendAsync(Http2(HttpMethod.Post, server.Address))).Dispose();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.SendAsync(Http2(HttpMethod.Post, server.Address)));
        server.Executions.Total.ShouldBe(2);
        client.Observer.Hits.Where(hit => hit.Delivery is Delivery.NotSent or Delivery.ProvenUndelivered).ShouldBeEmpty();
    }

    /// <summary>The connection left the pool at its limit: what was seen of it was understood.</summary>
    private static async Task UntilRetiredAsync(GuardedClient client, int connections)
    {
        for (int tries = 0; tries < 1000 && client.Observer.Refusals.Count < connections; tries++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        client.Observer.Refusals.ShouldBe(Enumerable.Repeat(RefusalReason.TooOld, connections));
    }

    private static byte[] FramesOf(string what, int stream) => what switch
    {
        "PRIORITY" => Frame(2, 0, stream, [0, 0, 0, 0, 16]),
        "ALTSVC" => Frame(10, 0, stream, [0, 0, .. "clear"u8]),
        "PUSH_PROMISE" => Frame(5, 4, stream, [0, 0, 0, 2, 0x82]),
        "unknown frame" => Frame(0xee, 0xff, stream, [1, 2, 3]),

        // :status 103, the name from the static table, the value as it is.
        "1xx" => Frame(1, 4, stream, [0x08, 3, (byte)'1', (byte)'0', (byte)'3']),

        // INITIAL_WINDOW_SIZE 100, MAX_CONCURRENT_STREAMS 1, HEADER_TABLE_SIZE 0.
        "SETTINGS that shrink" => Frame(4, 0, 0, [0, 4, 0, 0, 0, 100, 0, 3, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]),
        "WINDOW_UPDATE" => Frame(8, 0, stream, [0, 0, 1, 0]),
        "PING" => Frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) => [0, 0, (byte)payload.Length, type, flags, 0, 0, (byte)(stream >> 8), (byte)stream, .. payload];

    private static HttpRequestMessage Http2(HttpMethod method, Uri uri) => new(method, uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private static async Task<string> EchoAsync(GuardedClient client, Uri uri, string message)
    {
        using HttpRequestMessage request = Http2(HttpMethod.Post, uri);
        request.Content = new StringContent(message);
        using HttpResponseMessage response = await client.SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    private static Task<KestrelUnderTest> StartAsync(
        HttpProtocols protocols = HttpProtocols.Http2, Action<Http2Limits>? configure = null, System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null) => KestrelUnderTest.StartAsync(
            builder => builder.WebHost.ConfigureKestrel(kestrel => configure?.Invoke(kestrel.Limits.Http2)),
            app =>
            {
                app.UseWebSockets();
                app.Run(async context =>
                {
                    switch (context.Request.Path.Value)
                    {
                        case "/late":
                            await Task.Delay(2 * s_short, context.RequestAborted);
                            long count = 0;
                            byte[] buffer = new byte[65536];
                            int read;
                            while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
                            {
                                count += read;
                            }

                            await context.Response.WriteAsync(count.ToString(CultureInfo.InvariantCulture));
                            break;
                        case "/trailers":
                            context.Response.DeclareTrailer("x-trailer");
                            await context.Response.WriteAsync("body");
                            context.Response.AppendTrailer("x-trailer", "there");
                            break;
                        case "/socket":
                            using (WebSocket socket = await context.WebSockets.AcceptWebSocketAsync())
                            {
                                byte[] word = new byte[100];
                                WebSocketReceiveResult received;
                                while (!(received = await socket.ReceiveAsync(word, context.RequestAborted)).CloseStatus.HasValue)
                                {
                                    await socket.SendAsync(word.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
                                }

                                await socket.CloseAsync(received.CloseStatus.Value, received.CloseStatusDescription, context.RequestAborted);
                            }

                            break;
                        default:
                            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
                            break;
                    }
                });
            },
            protocols,
            certificate: certificate);
}
