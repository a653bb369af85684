using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Behind a proxy the evidence is about the proxy's connection: what it proves is still true, and what it cannot prove surfaces.</summary>
public class ProxyTests
{
    [Theory]
    [InlineData("POST", "bytes", false)]
    [InlineData("POST", "one-shot", false)]
    [InlineData("POST", "none", true)]
    [InlineData("GET", "none", true)]
    public async Task PlainProxy_ClosesAsTheRequestLeaves_IsProvenAndReplayed(string method, string body, bool sync)
    {
        await using var race = new StaleRace(guarded: true, configure: null, viaProxy: true);
        await race.WarmUpAsync();

        // A body that can be read once is kept whole on connections that have been idle for a moment.
        await Task.Delay(body == "one-shot" ? 120 : 0);
        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request(method, body), sync);

        race.Happened.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        race.Server.Executions["raced"].ShouldBe(1);
        race.Server.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("GET", "none", false)]
    [InlineData("POST", "bytes", false)]
    [InlineData("POST", "none", true)]
    [InlineData("PUT", "bytes", true)]
    public async Task Tunnel_TheEndIsHereBeforeTheRequestLeaves_NothingIsExecutedTwice(string method, string body, bool sync)
    {
        await using var proxy = new ConnectProxy();
        await using var race = new StaleRace(guarded: true, tls: true, configure: h => h.Proxy = new WebProxy(proxy.Uri), thenAwait: () => proxy.EndPassedOn);
        await race.WarmUpAsync();

        bool answered = await AnswersAsync(race, method, body, sync);

        race.Happened.ShouldBeTrue();
        race.Server.Executions.GetValueOrDefault("raced").ShouldBe(answered ? 1 : 0);
        if (method is not "POST")
        {
            answered.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("POST", "bytes")]
    [InlineData("POST", "none")]
    public async Task Tunnel_TheServerExecutesAndDies_IsExecutedOnce(string method, string body)
    {
        await using var proxy = new ConnectProxy();
        await using var server = new ScriptedServer(
            async connection =>
            {
                if (connection.Index == 0)
                {
                    await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                }

                connection.Execute((await connection.ReadRequestAsync())!);
                await connection.CloseAsync();
            },
            tls: true);
        using var client = new GuardedClient(configure: h => h.Proxy = new WebProxy(proxy.Uri));
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(GuardedClient.Request(method, server.Uri, body)));

        e.Delivery.ShouldBe(Delivery.Unknown);
        server.Executions["raced"].ShouldBe(1);
        proxy.Tunnels.ShouldBe(1);
    }

    [Fact]
    public async Task Tunnel_IdleForLongerThanTheLimit_IsRefusedAndMadeAnew()
    {
        await using var proxy = new ConnectProxy();
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync(), tls: true);
        using var client = new GuardedClient(serverTimeout: TimeSpan.FromMilliseconds(300), configure: h => h.Proxy = new WebProxy(proxy.Uri));
        await client.GetAsync(server.Uri);
        await client.GetAsync(server.Uri);
        proxy.Tunnels.ShouldBe(1);
        await Task.Delay(200);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes"));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        proxy.Tunnels.ShouldBe(2);
        client.Observer.Refusals.ShouldBe([RefusalReason.TooOld]);
    }

    private static async Task<bool> AnswersAsync(StaleRace race, string method, string body, bool sync)
    {
        try
        {
            using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request(method, body), sync);
            return true;
        }
        catch (StaleConnectionException e)
        {
            e.Delivery.ShouldBe(Delivery.Unknown);
            return false;
        }
    }
}
