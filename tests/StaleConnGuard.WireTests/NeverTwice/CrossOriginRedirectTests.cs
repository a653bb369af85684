using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>nginx sends the client on to another origin: from http to https, from one host's port to another's. What fails there is not what was sent here.</summary>
public class CrossOriginRedirectTests
{
    [Theory]
    [InlineData("nginx-tls", "GET", "none", false)]
    [InlineData("nginx-tls", "POST", "bytes", false)]
    [InlineData("nginx-http", "POST", "json", true)]
    public async Task Redirect_ToAnotherOrigin_IsExecutedOnceThere(string second, string method, string body, bool sync)
    {
        await using RealServer from = await StartAsync("nginx-http");
        await using RealServer to = await StartAsync(second);
        using var client = new GuardedClient();

        for (int i = 0; i < 2; i++)
        {
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, Moved(from, to), body, $"send-{i}"), sync);
            response.RequestMessage!.RequestUri.ShouldBe(to.Address);
        }

        client.Observer.Hits.ShouldBeEmpty();
        ExecutionLog executions = await to.ReadExecutionsAsync();
        executions.CountOf("send-0").ShouldBe(1);
        executions.CountOf("send-1").ShouldBe(1);
    }

    [Fact]
    public async Task Redirect_TheSecondOriginClosesAsTheRequestLeaves_NothingIsSentTwiceToEither()
    {
        await using RealServer from = await StartAsync("nginx-http");
        await using RealServer to = await StartAsync("nginx-tls");

        Task<HeldOutcome> plain = RunAsync(guarded: false, from, to, "POST", "bytes");
        Task<HeldOutcome> get = RunAsync(guarded: true, from, to, "GET", "none");
        HeldOutcome post = await RunAsync(guarded: true, from, to, "POST", "bytes");

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        (await get).Status.ShouldBe(HttpStatusCode.OK);
        post.Failure.ShouldNotBeNull();
        ExecutionLog first = await from.ReadExecutionsAsync();
        ExecutionLog second = await to.ReadExecutionsAsync();
        first.CountOf((await get).Id).ShouldBe(1);
        second.CountOf((await get).Id).ShouldBe(1);
        first.CountOf(post.Id).ShouldBe(1);
        second.CountOf(post.Id).ShouldBe(0);
    }

    [Fact]
    public async Task Redirect_TheFirstOriginClosesAsTheRequestLeaves_TheSendIsReplayedAndSentOnOnce()
    {
        await using RealServer from = await StartAsync("nginx-http");
        await using RealServer to = await StartAsync("nginx-tls");

        Task<HeldOutcome> plain = RunAsync(guarded: false, from, to, "POST", "bytes", heldConnection: 0);
        HeldOutcome post = await RunAsync(guarded: true, from, to, "POST", "bytes", heldConnection: 0);

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        post.ShouldBeProven("the first of two origins");
        (await from.ReadExecutionsAsync()).CountOf(post.Id).ShouldBe(1);
        (await to.ReadExecutionsAsync()).CountOf(post.Id).ShouldBe(1);
    }

    private static async Task<RealServer> StartAsync(string name)
    {
        Requirement.MetOrSkip(RealServer.IsAvailable(name, out string reason), reason);
        return await RealServer.StartAsync(name, HeldRace.IdleTimeout);
    }

    /// <summary>Both origins have a connection in the pool; that of the one named is held.</summary>
    private static async Task<HeldOutcome> RunAsync(bool guarded, RealServer from, RealServer to, string method, string body, int heldConnection = 1)
    {
        using var race = new HeldRace(guarded, heldConnection: heldConnection);
        await race.WarmUpAsync(from.Address);
        await race.WarmUpAsync(to.Address);
        string id = Guid.NewGuid().ToString("N");
        (HttpResponseMessage? response, HttpRequestException? failure) = await race.SendAsync(GuardedClient.Request(method, Moved(from, to), body, id));
        race.Happened.ShouldBeTrue();
        return new HeldOutcome(id, response?.StatusCode, failure, [.. race.Client.Observer.Hits.Select(hit => (hit.End, hit.Delivery, hit.Decision))]);
    }

    private static Uri Moved(RealServer from, RealServer to) => new(from.Address, $"moved?to={to.Address}");
}
