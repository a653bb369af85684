using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>
/// The end of a connection is in the kernel, and the thread that is to read it gets no processor for a second and a half: what the writing side knows meanwhile must not be taken
/// for all there is to know. Found by race classes on a machine at a load of 50.
/// </summary>
public class LateReaderTests
{
    private static readonly TimeSpan s_late = TimeSpan.FromSeconds(1.5);

    // Long enough for a body that can be read once to be kept back.
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(150);

    /// <summary>A write fails at once, with what the kernel says of a connection that was closed: a FIN had come first, as the reading side will see.</summary>
    [Theory]
    [InlineData("one-shot")]
    [InlineData("large")]
    public async Task Write_FailsBeforeTheEndIsRead_IsProvenAndReplayed(string body)
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        await using var race = new StaleRace(guarded: true, configure: ReadEndsLate);
        using HttpResponseMessage response = await SendAsync(race, body);

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        race.Server.Executions["raced"].ShouldBe(1);
    }

    /// <summary>The headers went out in one piece, so nothing fails: the kernel alone says that the connection is over, and the body stays untouched.</summary>
    [Fact]
    public async Task Body_KeptBackWhileTheEndIsNotRead_IsSentWholeOnAFreshConnection()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        await using var race = new StaleRace(guarded: true, configure: handler =>
        {
            ReadEndsLate(handler);
            handler.ConnectCallback = WithNagleAsync;
        });
        using HttpResponseMessage response = await SendAsync(race, "one-shot");

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Http2_AWriteFailsBeforeTheEndIsRead_IsProvenAndReplayed(bool guarded)
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        using var client = new GuardedClient(guarded, configure: sockets => sockets.PlaintextStreamFilter = (context, _) =>
            ValueTask.FromResult<Stream>(new BeforeHeadersStream(new LateEndStream(context.PlaintextStream, s_late), async () =>
            {
                if (Interlocked.Exchange(ref armed, 0) == 1)
                {
                    server.EndConnections();

                    // For the FIN to be there: of what is written afterwards nothing is acknowledged.
                    await Task.Delay(200);
                }
            })));
        HttpStatusCode answer = await SendHttp2Async();
        Volatile.Write(ref armed, 1);
        if (!guarded)
        {
            await Should.ThrowAsync<HttpRequestException>(SendHttp2Async);
            return;
        }

        (await SendHttp2Async()).ShouldBe(answer);
        client.Observer.Hits.ShouldHaveSingleItem().Decision.ShouldBe(ReplayDecision.ReplayProvenUndelivered);

        async Task<HttpStatusCode> SendHttp2Async()
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Address)
            {
                Content = new ByteArrayContent(new byte[200_000]),
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using HttpResponseMessage response = await client.SendAsync(request);
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("one-shot")]
    [InlineData("large")]
    public async Task PlainClient_Fails(string body)
    {
        await using var race = new StaleRace(guarded: false, configure: ReadEndsLate);
        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(race, body));
        race.Happened.ShouldBeTrue();
    }

    private static async Task<HttpResponseMessage> SendAsync(StaleRace race, string body)
    {
        await race.WarmUpAsync();
        await Task.Delay(s_idle);
        HttpRequestMessage request = ReplayTests.Request("POST", body == "large" ? "none" : body);
        request.Content ??= new ByteArrayContent(new byte[4_000_000]);
        return await race.SendAsync(request);
    }

    private static async ValueTask<Stream> WithNagleAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static void ReadEndsLate(SocketsHttpHandler handler)
    {
        var filter = handler.PlaintextStreamFilter!;
        handler.PlaintextStreamFilter = async (context, cancellationToken) => new LateEndStream(await filter(context, cancellationToken), s_late);
    }
}
