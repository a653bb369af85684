using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>
/// Digest authentication against Apache httpd: a send is two requests, the challenge's and the answer's, on one connection. Which of the two
/// met the stale connection decides.
/// </summary>
public class DigestTests
{
    // Apache advertises it to the guard, and the runtime does not keep a connection at all that is said to live for one second.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("GET", "none", false)]
    [InlineData("POST", "bytes", false)]
    [InlineData("POST", "json", true)]
    public async Task Digest_Answered_IsExecutedOnceEachTime(string method, string body, bool sync)
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer apache = await StartApacheAsync(backend);
        int dials = 0;
        using var client = new GuardedClient(configure: handler =>
        {
            WithCredentials(handler);
            handler.PlaintextStreamFilter = (context, _) =>
            {
                Interlocked.Increment(ref dials);
                return ValueTask.FromResult(context.PlaintextStream);
            };
        });

        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, Target(apache), body, $"send-{i}"), sync);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            backend.Executions.CountOf($"send-{i}").ShouldBe(1);
        }

        dials.ShouldBe(1);
        client.Observer.Hits.ShouldBeEmpty();
    }

    [Fact]
    public async Task Digest_ApacheClosesAsTheFirstOfTheTwoLeaves_TheSendIsReplayedAsAWhole()
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer apache = await StartApacheAsync(backend);

        // Writes 0 and 1 are the warm-up's challenge and answer.
        (string Method, string Body, bool Sync)[] requests = [("GET", "none", false), ("POST", "bytes", false), ("POST", "json", true)];
        Task<HeldOutcome> plain = RunAsync(guarded: false, apache, "POST", "bytes", sync: false, warm: true, heldWrite: 2);
        HeldOutcome[] outcomes = await Task.WhenAll(requests.Select(r => RunAsync(guarded: true, apache, r.Method, r.Body, r.Sync, warm: true, heldWrite: 2)));

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        foreach (HeldOutcome outcome in outcomes)
        {
            outcome.ShouldBeProven(outcome.Id);
            backend.Executions.CountOf(outcome.Id).ShouldBe(1);
        }
    }

    [Fact]
    public async Task Digest_ApacheClosesAsTheAnswerLeaves_SurfacesWhatIsNotSafeToRepeat()
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer apache = await StartApacheAsync(backend);

        Task<HeldOutcome> plain = RunAsync(guarded: false, apache, "POST", "bytes", sync: false, warm: false, heldWrite: 1);
        Task<HeldOutcome> get = RunAsync(guarded: true, apache, "GET", "none", sync: false, warm: false, heldWrite: 1);
        HeldOutcome post = await RunAsync(guarded: true, apache, "POST", "bytes", sync: false, warm: false, heldWrite: 1);

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        (await get).Status.ShouldBe(HttpStatusCode.OK);
        backend.Executions.CountOf((await get).Id).ShouldBe(1);

        // The first of the two was answered, so it is no longer the request the caller sent that could be sent again.
        post.Failure.ShouldNotBeNull();
        backend.Executions.CountOf(post.Id).ShouldBe(0);
    }

    private static async Task<RealServer> StartApacheAsync(Backend backend)
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("apache-digest", out string reason), reason);
        return await RealServer.StartAsync("apache-digest", s_idleTimeout, settings: backend.AsSetting);
    }

    private static async Task<HeldOutcome> RunAsync(bool guarded, RealServer apache, string method, string body, bool sync, bool warm, int heldWrite)
    {
        using var race = new HeldRace(guarded, WithCredentials, heldWrite: heldWrite, idleTimeout: s_idleTimeout);
        if (warm)
        {
            await race.WarmUpAsync(Target(apache));
        }

        string id = Guid.NewGuid().ToString("N");
        (HttpResponseMessage? response, HttpRequestException? failure) = await race.SendAsync(GuardedClient.Request(method, Target(apache), body, id), sync);
        race.Happened.ShouldBeTrue();
        return new HeldOutcome(id, response?.StatusCode, failure, [.. race.Client.Observer.Hits.Select(hit => (hit.End, hit.Delivery, hit.Decision))]);
    }

    private static Uri Target(RealServer apache) => new(apache.Address, "backend/execute");

    private static void WithCredentials(SocketsHttpHandler handler) =>
        handler.Credentials = new NetworkCredential("user", "secret");
}
