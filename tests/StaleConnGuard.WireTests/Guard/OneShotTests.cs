using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Guard;

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
