using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Protocols;

/// <summary>The race on HTTP/2, on real packets: requests and FINs cross on a link with 10 ms each way. Retries are off: what is shown is the guard alone.</summary>
[Collection(ExactTime.Collection)]
public class Http2RaceTests(ITestOutputHelper output)
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

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

        await Task.WhenAll([plain.RunAsync(8, 2), .. guard.Races.Select(race => race.RunAsync(8, 2))]);

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
        guard.Observer.Hits.Count(hit => hit.Decision is ReplayDecision.ReplayProvenUndelivered).ShouldBeGreaterThanOrEqualTo(5);
        foreach (Http2Race race in guard.Races.Where(race => race.Kind != "POST, streamed"))
        {
            race.Failures.ShouldBeEmpty(race.Kind);
            server.Executions.CountExecutedTwice(race.Ids).ShouldBe(0);
        }
    }
}
