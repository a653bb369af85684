using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>The race on HTTP/2, on real packets: requests and FINs cross on a link with 10 ms each way. Retries are off: what is shown is the guard alone.</summary>
[Collection(ExactTime.Collection)]
public sealed class Http2RaceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

    // What is looked at is the guard's limit. With the idle timeout that goes with a short one the pool throws connections away too: on a machine that is late, between the moment
    // in which it gave one to a request and the request's first byte.
    private static readonly TimeSpan s_longerThanAnyStall = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(Http2End.Fin)]
    [InlineData(Http2End.GoAwayOfAll)]
    public async Task Race_EndsWithFin_NothingFailsAndNothingIsExecutedTwice(Http2End end)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(s_idle, end, link: link);
        var guard = new Http2GuardedRace(server.Address, s_idle, s_delay);
        var plain = new Http2Race(server.Address, s_idle, s_delay, "POST", static sockets => sockets);

        // On a busy machine an aim may miss: until the race has been seen.
        int proven = 0;
        for (int tries = 0; tries < 10 && (plain.Failures.Count < 5 || proven < 5); tries++)
        {
            await Task.WhenAll([plain.RunAsync(8, 2), .. guard.Races.Select(race => race.RunAsync(8, 2))]);
            proven = guard.Observer.Hits.Count(hit => hit.Decision is ReplayDecision.ReplayProvenUndelivered);
        }

        output.WriteLine($"plain POST: raced {plain.Raced}, failed {plain.Failures.Count} of {plain.Sent}");
        foreach (Http2Race race in guard.Races)
        {
            output.WriteLine($"guarded {race.Kind}: raced {race.Raced}, failed {race.Failures.Count} of {race.Sent}: {string.Join(" | ", race.Failures.Select(e => e.ToString()).Take(1))}");
        }

        foreach (var kind in guard.Observer.Hits.CountBy(hit => (hit.End, hit.Delivery, hit.Decision)))
        {
            output.WriteLine($"    {kind.Value} {kind.Key}");
        }

        plain.Failures.Count.ShouldBeGreaterThanOrEqualTo(5, "a race that never happened proves nothing");
        proven.ShouldBeGreaterThanOrEqualTo(5);
        foreach (Http2Race race in guard.Races)
        {
            server.Executions.CountExecutedTwice(race.Ids).ShouldBe(0);

            // On a busy machine the server's kernel may have a request when the server, late, closes: that is not known, and surfaces.
            race.Failures.ShouldAllBe(e => e is StaleConnectionException, string.Join(Environment.NewLine, race.Failures));
            race.Failures.Cast<StaleConnectionException>().ShouldAllBe(e => e.Delivery == Delivery.Unknown, race.Kind);
        }

        guard.Races.Where(race => race.Kind is "GET" or "PUT").ShouldAllBe(race => race.Failures.IsEmpty);
    }

    [Fact]
    public async Task Race_TimeoutConfigured_NoneHappens()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);

        // Twice the margin, which is a second: a machine that stalls does not make a race of it.
        TimeSpan idle = 2 * s_idle;
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(idle, Http2End.Reset, link: link);
        var guard = new Http2GuardedRace(server.Address, idle, s_delay, options =>
        {
            options.KeepAlive.ServerTimeout = idle;
            options.Transport.PooledConnectionIdleTimeout = s_longerThanAnyStall;
        });
        var plain = new Http2Race(server.Address, idle, s_delay, "POST", static sockets => sockets);

        await Task.WhenAll([plain.RunAsync(16, 1), .. guard.Races.Select(race => race.RunAsync(16, 1))]);
        for (int tries = 0; tries < 5 && plain.Failures.Count < 5; tries++)
        {
            await plain.RunAsync(16, 1);
        }

        plain.Failures.Count.ShouldBeGreaterThanOrEqualTo(5, "a race that never happened proves nothing");
        foreach (Http2Race race in guard.Races)
        {
            race.Failures.ShouldBeEmpty($"{race.Kind}: {string.Join(", ", guard.Observer.Hits)}");
            race.Raced.ShouldBe(0, $"{race.Kind}: {string.Join(", ", guard.Observer.Hits)}");
        }

        guard.Observer.StaleHits.ShouldBe(0);
        guard.Observer.Refusals.ShouldAllBe(refusal => refusal == RefusalReason.TooOld);

        // On a busy machine many come late, when the server has closed.
        guard.Observer.Refusals.Count.ShouldBeGreaterThan(guard.Races.Sum(race => race.Sent) / 8, "connections were taken out of the pool before their server closed them");
    }

    [Fact]
    public async Task Limit_RequestsAimedAtIt_NoneFailsAndSomeAreRefusedAtTheirFirstWrite()
    {
        TimeSpan limit = TimeSpan.FromMilliseconds(500);
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(TimeSpan.FromSeconds(1), Http2End.Fin);
        Http2GuardedRace guard = Aimed();

        // A body that the application writes, and that is under way at the very limit, keeps its own connection in the pool: it is not asked below.
        Http2Race streamed = Aimed().Races.Single(race => race.Kind is Http2Race.Streamed);
        Http2Race[] races = [.. guard.Races.Where(race => race.Kind is not Http2Race.Streamed), streamed];

        await Task.WhenAll(races.Select(race => race.RunAsync(4, 10)));

        output.WriteLine($"{guard.Observer.Refusals.Count} taken out, refused at the first write: {guard.Observer.Hits.Count(hit => hit.End is ConnectionEnd.Refused)}");
        foreach (Http2Race race in races)
        {
            race.Failures.ShouldBeEmpty(race.Kind);
            server.Executions.CountExecutedTwice(race.Ids).ShouldBe(0);
        }

        // However late the machine is, and its timers are.
        guard.Observer.Hits.ShouldAllBe(hit => hit.Delivery == Delivery.NotSent || hit.IdleAgeTicks <= limit.Ticks);

        Http2GuardedRace Aimed() => new(server.Address, limit + TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(2), options =>
        {
            options.KeepAlive.ServerTimeout = 2 * limit;
            options.Transport.PooledConnectionIdleTimeout = s_longerThanAnyStall;
        });
    }

    [Fact]
    public async Task Attack_ServerExecutesAndDiesAtRandom_NothingIsExecutedTwiceAndNoAnswerCrossed()
    {
        var guarded = new Http2Attack(sockets => StaleConnGuardHandler.Create(new StaleConnGuardOptions(), sockets, new KeepAliveLedger(), listener: null));
        var blind = new Http2Attack(static sockets => new BlindRetryHandler(sockets));
        await Task.WhenAll(guarded.RunAsync(4000), blind.RunAsync(1500));

        output.WriteLine($"guarded: {guarded.Failed} of {guarded.Sent} failed on {guarded.Connections} connections; blind: {blind.ExecutedTwice} of {blind.NonIdempotent} executed twice");
        guarded.Strange.ShouldBeEmpty();
        guarded.Connections.ShouldBeGreaterThan(10);
        guarded.ExecutedTwice.ShouldBe(0);
        guarded.Crossed.ShouldBe(0);
        blind.ExecutedTwice.ShouldBeGreaterThan(0);
    }
}
