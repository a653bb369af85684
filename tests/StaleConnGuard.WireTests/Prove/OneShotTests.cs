using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>A body that can be read once is not touched before the connection is known to be good.</summary>
public class OneShotTests
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(150);

    [Theory]
    [InlineData("POST", false, false)]
    [InlineData("POST", true, false)]
    [InlineData("POST", false, true)]
    [InlineData("PUT", true, true)]
    public async Task OneShotBody_ServerClosesAsTheHeadersLeave_IsSentWholeOnAFreshConnection(string method, bool tls, bool sync)
    {
        List<byte[]> bodies = [];
        await using var race = new StaleRace(guarded: true, tls, onRequest: request => bodies.Add(request.Body));
        await race.WarmUpAsync();
        await Task.Delay(s_idle);

        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request(method, "one-shot"), sync);

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bodies.ShouldBe([[1, 2, 3]]);
    }

    [Theory]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    [InlineData("PUT", false)]
    public async Task OneShotBody_ConfirmingSwitchedOff_IsSpentOnTheStaleConnection(string method, bool sync)
    {
        await using var race = new StaleRace(guarded: true, options: new StaleConnGuardOptions { Replay = { ConfirmOneShotBody = false }, Retry = { Enabled = false } });
        await race.WarmUpAsync();
        await Task.Delay(s_idle);
        var body = new OneShotStream([1, 2, 3]);
        HttpRequestMessage request = ReplayTests.Request(method, "none");
        request.Content = new StreamContent(body);

        var e = await Should.ThrowAsync<StaleConnectionException>(() => race.SendAsync(request, sync));

        e.Decision.ShouldBe(ReplayDecision.SurfaceBodyConsumed);
        body.Touched.ShouldBeTrue();
        race.Server.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData(true, null, 3)]
    [InlineData(false, null, 1)]
    [InlineData(true, 60.0, 2)]
    public async Task OneShotBody_IdleConnection_LeavesTheBodyUntilTheHeadersArrivedOnlyWhenConfirmingAndARaceIsPossible(bool confirming, double? timeout, int writesBefore)
    {
        int touchedAfterWrites = -1;
        int writes = 0;
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient(options: o =>
        {
            o.Replay.ConfirmOneShotBody = confirming;
            o.KeepAlive.ServerTimeout = timeout is double seconds ? TimeSpan.FromSeconds(seconds) : null;

            // Taken although it is near the limit.
            o.KeepAlive.Margin = TimeSpan.Zero;
        })
        {
            BeforeWrite = (_, write) =>
            {
                writes = write + 1;
                return Task.CompletedTask;
            },
        };
        await client.GetAsync(server.Uri);
        await Task.Delay(s_idle);
        HttpRequestMessage request = GuardedClient.Request("POST", server.Uri);
        request.Content = new StreamContent(new PipedStream(new MemoryStream([1, 2, 3]), beforeRead: read =>
        {
            touchedAfterWrites = read == 0 ? writes : touchedAfterWrites;
            return Task.CompletedTask;
        }));

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);

        // The warm-up is the first write. The headers leave in two, which has them acknowledged at once; in one, and unanswered, where the timeout is known; without confirming
        // headers and body leave together.
        touchedAfterWrites.ShouldBe(writesBefore);
    }

    [Fact]
    public async Task DeclaredEmptyBody_ServerClosesAsTheHeadersLeave_IsSentAgainUnconfirmedAndNeverRead()
    {
        await using var race = new StaleRace(guarded: true, options: new StaleConnGuardOptions { Replay = { ConfirmOneShotBody = false }, Retry = { Enabled = false } });
        await race.WarmUpAsync();
        await Task.Delay(s_idle);
        var body = new OneShotStream([]);
        HttpRequestMessage request = ReplayTests.Request("POST", "none");
        request.Content = new StreamContent(body) { Headers = { ContentLength = 0 } };

        using HttpResponseMessage response = await race.SendAsync(request);

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        body.Touched.ShouldBeFalse();
    }

    [Fact]
    public async Task OneShotBody_ReusedConnectionIsReset_SurfacesWithTheBodyUntouched()
    {
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();
        await Task.Delay(s_idle);
        var body = new OneShotStream([1, 2, 3]);
        HttpRequestMessage request = ReplayTests.Request("POST", "none");
        request.Content = new StreamContent(body);

        var e = await Should.ThrowAsync<StaleConnectionException>(() => race.SendAsync(request));

        e.Decision.ShouldBe(ReplayDecision.SurfaceNotSafeToRepeat);
        e.Delivery.ShouldBe(Delivery.Unknown);
        body.Touched.ShouldBeFalse();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OneShotBody_GoodConnection_IsSentWithoutDelay(bool tls)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        await Task.Delay(s_idle);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", server.Uri, "one-shot"));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);

        // Far below the time after which the guard would give up waiting for the server's kernel.
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMilliseconds(800));
        server.Connections.ShouldBe(1);
    }
}
