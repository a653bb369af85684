using System.Collections.Concurrent;
using System.Diagnostics;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class AimedRaceTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);

    // A race that never happened proves nothing. On a machine with other things to do requests leave late and miss the instant, so it is run again then.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Race_EmbeddedServerBehindTheLink_CountsAgreeWithWhatTheServerSaw()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");
        await UntilItHappensAsync(RaceTheEmbeddedServerAsync);
    }

    [Fact]
    public async Task Race_RealNginxBehindTheLink_PlainClientFailsAtLeastThirtyPercentOfThePosts()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");
        Requirement.MetOrSkip(NginxServer.IsAvailable(out reason), $"No nginx: {reason}.");
        await UntilItHappensAsync(RaceNginxAsync);
    }

    [Fact]
    public async Task Race_BehindTheRelay_HappensAsWell() => await UntilItHappensAsync(RaceBehindTheRelayAsync);

    private static async Task UntilItHappensAsync(Func<Task<bool>> race)
    {
        long started = Stopwatch.GetTimestamp();
        int attempts = 0;
        do
        {
            if (await race())
            {
                return;
            }

            attempts++;
        }
        while (Stopwatch.GetElapsedTime(started) < s_patience);

        Assert.Fail($"Of {attempts} races none happened.");
    }

    private static async Task<bool> RaceTheEmbeddedServerAsync()
    {
        TimeSpan idle = TimeSpan.FromMilliseconds(400);
        await using var course = RaceCourse.Open(s_delay);
        (RaceServer plainServer, Uri plainAddress) = course.AddServer(new() { IdleTimeout = idle });
        (RaceServer closingServer, Uri closingAddress) = course.AddServer(new() { IdleTimeout = idle });
        (RaceServer getServer, Uri getAddress) = course.AddServer(new() { IdleTimeout = idle });
        var plain = new RaceEntry(Contenders.Plain, RequestKind.PostWithBody, plainAddress);
        var closing = new RaceEntry(Contenders.KeepAliveOff, RequestKind.PostWithBody, closingAddress);
        var get = new RaceEntry(Contenders.Plain, RequestKind.Get, getAddress);

        await RaceRunner.RunAsync([plain, closing, get], new RaceSettings(AimWindow.Around(idle, 2 * s_delay)) { Workers = 15, Requests = 60 });

        RaceTally tally = plain.Tally();
        tally.Requests.ShouldBe(60);
        tally.Raced.ShouldBe(tally.Failed, "the runtime never repeats a body");
        tally.ConnectionsOpened.ShouldBe(plainServer.ConnectionsAccepted);
        foreach (RaceOutcome outcome in plain.Outcomes)
        {
            plainServer.Executions.CountOf(outcome.RequestId).ShouldBe(outcome.Failure is null ? 1 : 0, "what is lost in flight is not executed");
        }

        closing.Tally().Raced.ShouldBe(0);
        closing.Tally().Failed.ShouldBe(0);
        closing.Tally().ConnectionsOpened.ShouldBe(75, "one for each request, and one for each worker to warm up");
        closingServer.ConnectionsAccepted.ShouldBe(75);

        get.Tally().Failed.ShouldBeLessThanOrEqualTo(2, "the runtime repeats what has no body, except after a reset");
        getServer.Executions.CountExecutedTwice(get.Outcomes.Select(outcome => outcome.RequestId)).ShouldBe(0);
        return tally.Failed >= 18 && get.Tally().Raced >= 18;
    }

    private static async Task<bool> RaceNginxAsync()
    {
        TimeSpan idle = TimeSpan.FromSeconds(1);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using NginxServer server = await NginxServer.StartAsync(idle, link);
        var plain = new RaceEntry(Contenders.Plain, RequestKind.PostWithBody, server.Address);

        await RaceRunner.RunAsync([plain], new RaceSettings(AimWindow.Around(idle, 2 * s_delay)) { Workers = 30, Requests = 60 });

        ExecutionLog executions = await server.ReadExecutionsAsync();
        plain.Outcomes.Where(outcome => outcome.Failure is null).ShouldAllBe(outcome => executions.CountOf(outcome.RequestId) == 1);
        return plain.Tally().Failed >= 18;
    }

    private static async Task<bool> RaceBehindTheRelayAsync()
    {
        TimeSpan idle = TimeSpan.FromMilliseconds(300);
        await using var course = RaceCourse.Open(s_delay, relayOnly: true);
        course.HasRealPackets.ShouldBeFalse();
        var plain = new RaceEntry(Contenders.Plain, RequestKind.PostWithBody, course.AddServer(new() { IdleTimeout = idle }).Address);

        await RaceRunner.RunAsync([plain], new RaceSettings(AimWindow.Around(idle, 2 * s_delay)) { Workers = 10, Requests = 30 });

        return plain.Tally().Failed >= 9;
    }

    [Fact]
    public async Task Race_ServerDiesAfterExecuting_BlindRetryExecutesTwice()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromSeconds(5), DiesOn = static (id, execution) => execution == 1 && id!.EndsWith("-1", StringComparison.Ordinal) });
        var blind = new RaceEntry(Contenders.RetryOnAnyFailure, RequestKind.PostWithBody, server.Address);
        var now = new AimWindow(TimeSpan.Zero, TimeSpan.Zero);

        await RaceRunner.RunAsync([blind], new RaceSettings(now) { Workers = 4, Requests = 12 });

        blind.Tally().Failed.ShouldBe(0);
        server.Executions.CountExecutedTwice(blind.Outcomes.Select(outcome => outcome.RequestId)).ShouldBe(4);
    }

    [Fact]
    public async Task Race_RequestLostAndSentAgain_SaysHowLongUntilTheNewConnection()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromSeconds(5), DiesOn = static (id, execution) => execution == 1 && id!.EndsWith("-1", StringComparison.Ordinal) });
        var blind = new RaceEntry(Contenders.RetryOnAnyFailure, RequestKind.PostWithBody, server.Address);

        await RaceRunner.RunAsync([blind], new RaceSettings(new AimWindow(TimeSpan.Zero, TimeSpan.Zero)) { Workers = 2, Requests = 6 });

        blind.Outcomes.Count(outcome => outcome.Raced).ShouldBe(2);
        foreach (RaceOutcome outcome in blind.Outcomes)
        {
            outcome.LossToConnection.HasValue.ShouldBe(outcome.Raced);
            outcome.CallToLoss.HasValue.ShouldBe(outcome.Raced);
            ((outcome.CallToLoss ?? TimeSpan.Zero) + (outcome.LossToConnection ?? TimeSpan.Zero)).ShouldBeLessThan(outcome.Latency);
        }
    }

    [Fact]
    public async Task Race_WorkersOfTwoEntriesDrawTheSameAges_ButDoNotBeginTogether()
    {
        var executed = new ConcurrentBag<long>();
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromSeconds(5), DiesOn = (_, _) => NoteAndLive() });
        RaceEntry[] entries = [new(Contenders.Plain, RequestKind.Get, server.Address), new(Contenders.Plain, RequestKind.PostWithBody, server.Address)];
        TimeSpan idle = TimeSpan.FromSeconds(2);

        await RaceRunner.RunAsync(entries, new RaceSettings(new AimWindow(idle, idle)) { Workers = 1, Requests = 1, AimedShare = 0, HarmlessAges = new(TimeSpan.Zero, TimeSpan.Zero) });

        // Half the idle timeout lies between them, whatever the seed; two requests each, the first to warm up.
        long[] order = [.. executed.Order()];
        order.Length.ShouldBe(4);
        Stopwatch.GetElapsedTime(order[1], order[2]).ShouldBeGreaterThan(idle / 4);

        bool NoteAndLive()
        {
            executed.Add(Stopwatch.GetTimestamp());
            return false;
        }
    }

    [Fact]
    public async Task Race_NoneAimed_HardlyAnyIsLost()
    {
        TimeSpan idle = TimeSpan.FromSeconds(1);
        await using var course = RaceCourse.Open(s_delay, relayOnly: true);
        var plain = new RaceEntry(Contenders.Plain, RequestKind.PostWithBody, course.AddServer(new() { IdleTimeout = idle }).Address);
        var harmless = new AimWindow(TimeSpan.Zero, TimeSpan.FromMilliseconds(50));

        await RaceRunner.RunAsync([plain], new RaceSettings(AimWindow.Around(idle, 2 * s_delay)) { Workers = 4, Requests = 40, AimedShare = 0, HarmlessAges = harmless });

        plain.Tally().Requests.ShouldBe(40);
        plain.Tally().Failed.ShouldBeLessThanOrEqualTo(2, "only a machine that stands still for a second loses one");
    }

    [Fact]
    public async Task Race_ContenderRefusesToSend_CountsThatAndGoesOn()
    {
        await using var server = RaceServer.Start();
        var refusing = new RaceEntry(new Contender("refusing", handler => new RefusingHandler(handler)), RequestKind.Get, server.Address);

        await RaceRunner.RunAsync([refusing], new RaceSettings(new AimWindow(TimeSpan.Zero, TimeSpan.Zero)) { Workers = 2, Requests = 6 });

        refusing.Tally().Failed.ShouldBe(6);
        refusing.Outcomes.ShouldAllBe(outcome => outcome.Failure is InvalidOperationException);
        server.Executions.Total.ShouldBe(0);
    }

    [Fact]
    public async Task Race_NobodyListens_FailsInsteadOfCounting()
    {
        var entry = new RaceEntry(Contenders.Plain, RequestKind.Get, new Uri("http://127.0.0.1:1/"));

        await Should.ThrowAsync<HttpRequestException>(
            RaceRunner.RunAsync([entry], new RaceSettings(new AimWindow(TimeSpan.Zero, TimeSpan.Zero)) { Workers = 3, Requests = 9 }));
        entry.Outcomes.ShouldBeEmpty();
    }

    // As a circuit breaker does that has opened.
    private sealed class RefusingHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(new InvalidOperationException("The circuit is open."));
    }
}
