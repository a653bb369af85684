using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>The race on real packets against a real nginx: 10 ms each way, requests aimed at the closing instant.</summary>
[Collection("Race")]
public class NginxRaceTests(ITestOutputHelper output)
{
    private const int Workers = 16;
    private const int Rounds = 24;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

    private static readonly (string Method, string Body)[] s_requests =
        [("GET", "none"), ("PUT", "bytes"), ("DELETE", "none"), ("POST", "bytes"), ("POST", "none")];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Guarded_DefaultsAgainstNginx_FailsOnlyWhatAResetLeavesUnknown(bool tls)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string linkReason), linkReason);
        Requirement.MetOrSkip(NginxServer.IsAvailable(out string nginxReason), nginxReason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using NginxServer nginx = await NginxServer.StartAsync(s_idle, link, tls ? SelfSignedCertificate.Create(link.ServerAddress) : null);
        var plain = new LinkRace(nginx.Address, s_idle, s_delay);
        LinkRace[] races = [.. s_requests.Select(_ => new LinkRace(nginx.Address, s_idle, s_delay))];
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };

        await Task.WhenAll(
            [
                plain.RunAsync(null, "POST", "bytes", workers: 8, Rounds),
                .. races.Select((race, i) => race.RunAsync(options, s_requests[i].Method, s_requests[i].Body, Workers, Rounds)),
            ]);

        output.WriteLine($"plain POST: {plain.Failures.Count} of {plain.Sent} failed");
        ExecutionLog executions = await nginx.ReadExecutionsAsync();
        for (int i = 0; i < races.Length; i++)
        {
            LinkRace race = races[i];
            (string method, string body) = s_requests[i];
            int resets = race.Observer.Hits.Count(h => h.End is ConnectionEnd.Reset);
            output.WriteLine($"{method} ({body}): sent {race.Sent}, stale hits {race.Observer.StaleHits}, of them resets {resets}, failed {race.Failures.Count}");
            foreach (var kind in race.Observer.Hits.GroupBy(h => (h.End, h.Delivery, h.Decision)))
            {
                output.WriteLine($"    {kind.Key.End}, {kind.Key.Delivery}, {kind.Key.Decision}: {kind.Count()}");
            }

            // On a machine that stalls many come too late to race. That some do is what the rest needs.
            race.Observer.StaleHits.ShouldBeGreaterThanOrEqualTo(race.Sent / 24);
            executions.CountExecutedTwice(race.Ids).ShouldBe(0);
            if (method == "POST")
            {
                race.Failures.Count.ShouldBe(resets);
                race.Failures.ShouldAllBe(e => ((StaleConnectionException)e).Delivery == Delivery.Unknown);
            }
            else
            {
                race.Failures.ShouldBeEmpty();
            }
        }

        plain.Failures.Count.ShouldBeGreaterThanOrEqualTo(plain.Sent / 24);
    }

    [Fact]
    public async Task Guarded_ServerTimeoutConfigured_MeetsNoStaleConnection()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string linkReason), linkReason);
        Requirement.MetOrSkip(NginxServer.IsAvailable(out string nginxReason), nginxReason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using NginxServer nginx = await NginxServer.StartAsync(s_idle, link);
        var plain = new LinkRace(nginx.Address, s_idle, s_delay);
        var race = new LinkRace(nginx.Address, s_idle, s_delay);
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = s_idle }, Retry = { Enabled = false } };

        await Task.WhenAll(
            plain.RunAsync(null, "POST", "bytes", workers: 8, rounds: 10),
            race.RunAsync(options, "POST", "bytes", workers: 16, rounds: 10));

        output.WriteLine($"plain POST: {plain.Failures.Count} of {plain.Sent} failed; guarded: {race.Failures.Count} of {race.Sent}, refused {race.Observer.Refusals.Count}");
        plain.Failures.Count.ShouldBeGreaterThanOrEqualTo(plain.Sent / 24);
        race.Observer.StaleHits.ShouldBe(0);
        ExecutionLog executions = await nginx.ReadExecutionsAsync();
        race.Ids.ShouldAllBe(id => executions.Of(id).Single().RequestOnConnection == 1);
        race.Failures.ShouldBeEmpty();
    }
}
