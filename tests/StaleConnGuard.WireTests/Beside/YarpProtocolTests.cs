using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>What a proxy carries goes through the guard as it does without it, over HTTP/1.1 and over HTTP/2.</summary>
public sealed class YarpProtocolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Bodies_OfAllSizesAndFramings_ArriveWhole(int version)
    {
        await using WebApplication upstream = await UpstreamAsync(version);
        await using YarpHost proxy = await YarpHost.StartAsync(new Uri(upstream.Urls.First()), yarp => yarp.AddStaleConnGuard(), version: new Version(version, version == 1 ? 1 : 0), protocols: version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        foreach (int size in new[] { 0, 1, 65_536, 65_537, 3_000_000 })
        {
            foreach (bool chunked in new[] { false, true })
            {
                await Task.Delay(size == 1 ? 150 : 0);
                using var request = new HttpRequestMessage(HttpMethod.Post, "/count")
                {
                    Content = new ByteArrayContent(new byte[size]),
                    Version = new Version(version, version == 1 ? 1 : 0),
                    VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                };
                request.Headers.TransferEncodingChunked = chunked && version == 1;
                using HttpResponseMessage response = await client.SendAsync(request);
                (await response.Content.ReadAsStringAsync()).ShouldBe($"{size}");
                if (version == 2)
                {
                    response.TrailingHeaders.GetValues("x-sum").ShouldBe([$"{size}"]);
                }
            }
        }
    }

    [Fact]
    public async Task ExpectContinue_TheBodyIsNotAskedForBeforeTheDestinationWantsIt()
    {
        await using WebApplication upstream = await UpstreamAsync(1);
        await using YarpHost proxy = await YarpHost.StartAsync(new Uri(upstream.Urls.First()), yarp => yarp.AddStaleConnGuard());
        using var client = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromSeconds(30) }) { BaseAddress = proxy.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/refuse") { Content = new ByteArrayContent(new byte[1_000]) };
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var wanted = new HttpRequestMessage(HttpMethod.Post, "/count") { Content = new ByteArrayContent(new byte[1_000]) };
        wanted.Headers.ExpectContinue = true;
        using HttpResponseMessage counted = await client.SendAsync(wanted);
        (await counted.Content.ReadAsStringAsync()).ShouldBe("1000");
    }

    [Fact]
    public async Task Grpc_CallsOfAllKinds_GoThroughAndAStreamIsNotHeldBack()
    {
        await using GrpcEchoServer upstream = await GrpcEchoServer.StartAsync();
        await using YarpHost proxy = await YarpHost.StartAsync(upstream.Address, yarp => yarp.AddStaleConnGuard(), version: HttpVersion.Version20, protocols: HttpProtocols.Http2);
        using GrpcChannel channel = GrpcChannel.ForAddress(proxy.Address);
        var echo = new EchoClient(channel.CreateCallInvoker());
        var patience = new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(60));
        for (int i = 0; i < 2; i++)
        {
            // The second time after idleness, when one-shot bodies may have to wait.
            await Task.Delay(i * 150);
            (await echo.Unary([1, 2], patience)).ShouldBe([1, 2]);
            using AsyncServerStreamingCall<byte[]> received = echo.ServerStream([3, 4], patience);
            (await received.ResponseStream.ReadAllAsync().ToArrayAsync()).Length.ShouldBe(3);
            using AsyncClientStreamingCall<byte[], byte[]> sent = echo.ClientStream(patience);
            await sent.RequestStream.WriteAsync([5, 6]);
            await sent.RequestStream.CompleteAsync();
            (await sent.ResponseAsync).ShouldBe([1]);
            using AsyncDuplexStreamingCall<byte[], byte[]> both = echo.Duplex(patience);
            for (byte said = 10; said < 13; said++)
            {
                // Each answer comes before the next message is sent.
                await both.RequestStream.WriteAsync([said, 0]);
                (await both.ResponseStream.MoveNext()).ShouldBeTrue();
                both.ResponseStream.Current.ShouldBe([said, 0]);
            }

            await both.RequestStream.CompleteAsync();
        }
    }

    [Fact]
    public async Task WebSocket_GoesThrough()
    {
        await using WebApplication upstream = await UpstreamAsync(1);
        await using YarpHost proxy = await YarpHost.StartAsync(new Uri(upstream.Urls.First()), yarp => yarp.AddStaleConnGuard());
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(proxy.Address) { Scheme = "ws", Path = "/ws" }.Uri, TestContext.Current.CancellationToken);
        byte[] buffer = new byte[16];
        for (int i = 0; i < 3; i++)
        {
            await socket.SendAsync(new byte[] { (byte)i }, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);
            WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            result.Count.ShouldBe(1);
            buffer[0].ShouldBe((byte)i);
        }
    }

    internal static async Task<WebApplication> UpstreamAsync(int version)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = version == 1 ? HttpProtocols.Http1 : HttpProtocols.Http2);
        });
        WebApplication application = builder.Build();
        application.UseWebSockets();
        application.Map("/refuse", context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        application.Map("/count", async context =>
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.WriteAsync($"{body.Length}");
            if (context.Response.SupportsTrailers())
            {
                context.Response.AppendTrailer("x-sum", $"{body.Length}");
            }
        });
        application.Map("/discard", async context =>
        {
            byte[] buffer = new byte[65_536];
            long total = 0;
            int count;
            while ((count = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                total += count;
            }

            await context.Response.WriteAsync($"{total}");
        });
        application.Map("/zeros", context => new Zeros(long.Parse(context.Request.QueryString.Value![1..], CultureInfo.InvariantCulture)).CopyToAsync(context.Response.Body));
        application.Map("/ws", async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[16];
            while (await socket.ReceiveAsync(buffer, context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            }
        });
        await application.StartAsync();
        return application;
    }

    internal sealed class Zeros(long size) : Stream
    {
        private long _left = size;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(count, _left);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
