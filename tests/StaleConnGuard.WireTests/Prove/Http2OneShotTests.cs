using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>A body that can be read once, on an HTTP/2 connection that the server ends as the request is about to be written.</summary>
public class Http2OneShotTests
{
    [Theory]
    [InlineData(null, 1000)]
    [InlineData(10_000, 1000)]
    [InlineData(500, 1000)]
    [InlineData(null, 100_000)]
    [InlineData(null, 1_000_000)]
    [InlineData(200_000, 100_000)]
    public async Task Streamed_NotReceived_IsReplayed_HoweverMuchWaitsToBeWritten(int? kept, int length)
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        var content = new OneWriteContent(length);
        using var client = new GuardedClient(
            configure: sockets => sockets.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
            {
                if (Interlocked.Exchange(ref armed, 0) == 1)
                {
                    server.EndConnections();
                    await content.Begun.WaitAsync(TimeSpan.FromSeconds(30));
                    await Task.Delay(200);
                }
            })),
            options: options => options.Replay.BufferOneShotUpTo = kept);
        HttpStatusCode answer = await SendAsync(client, server.Address, new OneWriteContent(length));
        Volatile.Write(ref armed, 1);
        (await SendAsync(client, server.Address, content)).ShouldBe(answer);
        client.Observer.Hits.ShouldHaveSingleItem().Decision.ShouldBe(ReplayDecision.ReplayProvenUndelivered);
    }

    [Fact]
    public async Task Streamed_NotReceived_AndNoConnectionForTheReplay_FailsWithThat_AndIsNotReadAgain()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        var content = new OneWriteContent(1000);
        using var client = new GuardedClient(
            configure: sockets =>
            {
                sockets.ConnectCallback = (context, cancellationToken) => Interlocked.CompareExchange(ref armed, 3, 2) == 2
                    ? throw new SocketException((int)SocketError.ConnectionRefused)
                    : ConnectAsync(context, cancellationToken);
                sockets.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
                {
                    if (Interlocked.CompareExchange(ref armed, 2, 1) == 1)
                    {
                        server.EndConnections();
                        await content.Begun.WaitAsync(TimeSpan.FromSeconds(30));
                        await Task.Delay(200);
                    }
                }));
            });
        var retry = new RetryOptions { BaseDelay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(1) };
        var services = new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) };
        using var http = new HttpClient(new RetryHandler(retry, new ReplayOptions(), services) { InnerHandler = client.Handler }, disposeHandler: false);
        _ = await SendAsync(http, server.Address, new OneWriteContent(1000));
        Volatile.Write(ref armed, 1);

        HttpRequestException failure = await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(http, server.Address, content));

        failure.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError, failure.ToString());
        client.Observer.Hits.ShouldHaveSingleItem().Decision.ShouldBe(ReplayDecision.ReplayProvenUndelivered);
        content.Runs.ShouldBe(1);
    }

    /// <summary>The server has read more than is kept of a body that can be read once: a PUT may be sent again, but there is nothing to send.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Put_DiesWithinTheBody_SurfacesOnlyWhereTheBodyCannotBeReadAgain(bool isStreamed)
    {
        int puts = 0;
        await using KestrelUnderTest server = await KestrelUnderTest.StartAsync(
            static _ => { },
            app =>
            {
                app.MapGet("/", static () => "warm");
                app.MapPut("/", async context =>
                {
                    byte[] buffer = new byte[200_000];
                    await context.Request.Body.ReadExactlyAsync(buffer);
                    if (Interlocked.Increment(ref puts) == 1)
                    {
                        context.Features.Get<IConnectionSocketFeature>()!.Socket.Shutdown(SocketShutdown.Both);
                        return;
                    }

                    await context.Request.Body.CopyToAsync(Stream.Null);
                });
            },
            HttpProtocols.Http2);
        using var client = new GuardedClient();
        using (HttpRequestMessage warm = Request(HttpMethod.Get, server.Uri, content: null))
        using (await client.SendAsync(warm))
        {
        }

        byte[] body = new byte[1_000_000];
        using HttpRequestMessage put = Request(HttpMethod.Put, server.Uri, isStreamed ? new StreamContent(new OneShotStream(body)) : new ByteArrayContent(body));
        if (!isStreamed)
        {
            using HttpResponseMessage response = await client.SendAsync(put);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            puts.ShouldBe(2);
            return;
        }

        StaleConnectionException failure = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(put));
        failure.Decision.ShouldBe(ReplayDecision.SurfaceBodyConsumed);
        failure.Delivery.ShouldBe(Delivery.Unknown);
        puts.ShouldBe(1);
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static Task<HttpStatusCode> SendAsync(GuardedClient client, Uri address, HttpContent content) => SendAsync(client.Http, address, content);

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, Uri address, HttpContent content)
    {
        using HttpRequestMessage request = Request(HttpMethod.Post, address, content);
        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private static HttpRequestMessage Request(HttpMethod method, Uri address, HttpContent? content) => new(method, address)
    {
        Content = content,
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <summary>Writes all of it at once, and says when it has: from then on it is known how much there is to keep.</summary>
    private sealed class OneWriteContent(int length) : HttpContent
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public int Runs { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Runs++;
            ValueTask write = stream.WriteAsync(new byte[length], cancellationToken);
            _ = _begun.TrySetResult();
            await write;
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return true;
        }
    }
}
