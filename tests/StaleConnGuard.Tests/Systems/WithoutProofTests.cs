using System.Collections.Concurrent;
using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Systems;

/// <summary>
/// What the guard does where no kernel answers, as on Windows and macOS: whole clients against a server on loopback. On Linux a probe that never
/// answers stands for such a system; elsewhere the system itself does.
/// </summary>
public sealed class WithoutProofTests
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(150);

    private readonly Told _told = new();

    [Theory]
    [InlineData("GET", false)]
    [InlineData("PUT", false)]
    [InlineData("GET", true)]
    [InlineData("PUT", true)]
    public async Task StaleHit_OfAnIdempotentRequest_IsReplayed(string method, bool reset)
    {
        await using ScriptedServer server = EndsTheSecondRequest(reset);
        using HttpClient client = Client();
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await SendAsync(client, server, method, "second")).StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["second"].ShouldBe(1);
        _told.Ends.ShouldHaveSingleItem().ShouldBe((Delivery.Unknown, ReplayDecision.ReplaySafeToRepeat));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StaleHit_OfAPost_Surfaces_AndNothingIsClaimed(bool reset)
    {
        await using ScriptedServer server = EndsTheSecondRequest(reset);
        using HttpClient client = Client();
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);

        StaleConnectionException surfaced = await Should.ThrowAsync<StaleConnectionException>(() => SendAsync(client, server, "POST", "second"));
        surfaced.Delivery.ShouldBe(Delivery.Unknown);
        server.Executions.ShouldNotContainKey("second");
        server.Connections.ShouldBe(1, "it was not sent again");
    }

    [Fact]
    public async Task StaleHit_OfAPostThatIsMarked_IsReplayed()
    {
        await using ScriptedServer server = EndsTheSecondRequest(reset: false);
        using HttpClient client = Client();
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await SendAsync(client, server, "POST", "second", request => request.MarkSafeToRepeat())).StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["second"].ShouldBe(1);
    }

    [Fact]
    public async Task Limit_ThatIsConfigured_KeepsRequestsFromOldConnections()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using HttpClient client = Client(o => o.KeepAlive.ServerTimeout = 2 * s_pause);
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Task.Delay(3 * s_pause, TestContext.Current.CancellationToken);

        (await SendAsync(client, server, "POST", "second")).StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Connections.ShouldBe(2);
        _told.Ends.ShouldBeEmpty("it was never on the old one");
    }

    [Fact]
    public async Task Close_FoundLate_IsLearnedAsAnUpperBound()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await Task.Delay(s_pause);
            await connection.CloseAsync();
        });
        using HttpClient client = Client();
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Task.Delay(3 * s_pause, TestContext.Current.CancellationToken);

        (await SendAsync(client, server, "POST", "second")).StatusCode.ShouldBe(HttpStatusCode.OK, "found closed before anything was sent");
        IdleClose close = _told.Closes.ShouldHaveSingleItem();
        close.IsExact.ShouldBeFalse();
        close.IdleAge.ShouldBeGreaterThanOrEqualTo(s_pause - TimeSpan.FromMilliseconds(20));
    }

    /// <summary>Nobody can say whether the headers have arrived, so the body is not held back.</summary>
    [Fact]
    public async Task OneShotBody_AfterAPause_IsNotHeldBack()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using HttpClient client = Client();
        (await SendAsync(client, server, "GET", "first")).StatusCode.ShouldBe(HttpStatusCode.OK);
        await Task.Delay(s_pause, TestContext.Current.CancellationToken);

        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StreamContent(new OneShotStream("body"u8.ToArray())), Headers = { { "X-Request-Id", "second" } } };
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task Http2_FinWithoutGoAway_GetIsReplayed_PostSurfaces()
    {
        // Each connection ends with the second request it is to answer: it has executed it.
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(TimeSpan.FromSeconds(30), Http2End.Fin, static number => number == 2 ? Http2End.Fin : Http2End.None);
        using HttpClient client = Client();
        (await SendAsync(client, server.Address, "GET", "first", AsHttp2)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await SendAsync(client, server.Address, "GET", "second", AsHttp2)).StatusCode.ShouldBe(HttpStatusCode.OK);

        StaleConnectionException surfaced = await Should.ThrowAsync<StaleConnectionException>(() => SendAsync(client, server.Address, "POST", "third", AsHttp2));
        surfaced.Delivery.ShouldBe(Delivery.Unknown);
        server.Executions.CountOf("third").ShouldBe(1);
    }

    /// <summary>Answers the first request; reads the second, and ends the connection. Later connections answer all.</summary>
    private static ScriptedServer EndsTheSecondRequest(bool reset) => new(async connection =>
    {
        if (connection.Index > 0)
        {
            await connection.AnswerAllAsync();
            return;
        }

        await connection.AnswerAsync((await connection.ReadRequestAsync())!);
        _ = await connection.ReadRequestAsync();
        await connection.EndAsync(reset ? Ending.Reset : Ending.Close);
    });

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, ScriptedServer server, string method, string id, Action<HttpRequestMessage>? configure = null) =>
        SendAsync(client, server.Uri, method, id, configure);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, Uri address, string method, string id, Action<HttpRequestMessage>? configure = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), address) { Headers = { { "X-Request-Id", id } }, Content = method == "GET" ? null : new StringContent("body") };
        configure?.Invoke(request);
        HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        response.Dispose();
        return response;
    }

    private static void AsHttp2(HttpRequestMessage request) => (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);

    private HttpClient Client(Action<StaleConnGuardOptions>? configure = null)
    {
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };
        configure?.Invoke(options);
        return new HttpClient(StaleConnGuardHandler.Create(
            options, new SocketsHttpHandler(), new KeepAliveLedger(), _told, probe: OperatingSystem.IsLinux() ? SilentProbe.Instance : KernelProbe.Instance));
    }

    private sealed class Told : IGuardEvents
    {
        public ConcurrentQueue<(Delivery Delivery, ReplayDecision Decision)> Ends { get; } = [];

        public ConcurrentQueue<IdleClose> Closes { get; } = [];

        public void ReplayDecided(in EndedExchange ended)
        {
            if (ended.IsStaleHit)
            {
                Ends.Enqueue((ended.Evidence.Delivery, ended.Decision));
            }
        }

        public void IdleConnectionClosed(OriginKnowledge origin, in IdleClose close) => Closes.Enqueue(close);
    }
}
