using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>
/// The case that started it: uWSGI or gunicorn behind a proxy, and a client that sends every now and then. nginx answers 502 at times, <c>staleconn proxy</c> does not. In full it is a
/// command, <c>proxies slow</c>; here it ends when nginx has lost a request.
/// </summary>
[Collection(ExactTime.Collection)]
public sealed class SlowTrafficTests(ITestOutputHelper output)
{
    private const int Clients = 24;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Posts_NowAndThen_NginxLosesSomeAndStaleconnProxyNone()
    {
        string[] servers = ["uwsgi", "gunicorn"];
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-pools", out reason), reason);
        foreach (string server in servers)
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out reason), reason);
        }

        int lost = 0;
        (string Server, int Nginx, int Guarded, int Resets, int Twice)[] results = await Task.WhenAll(servers.Select(async name =>
        {
            using DelayedLink link = DelayedLink.Create(s_delay);
            await using RealServer upstream = await RealServer.StartAsync(name, TimeSpan.FromSeconds(2), link);
            await using RealServer nginx = await RealServer.StartAsync("nginx-pools", TimeSpan.FromMinutes(1), upstream: upstream.Address, settings: new Dictionary<string, string> { ["POOLS"] = $"{Clients}" });
            string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
            await File.WriteAllTextAsync(file, SlowTraffic.Configuration(upstream.Address, Clients));
            try
            {
                await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(ProxyUnderTest.Arguments() with { Config = file });
                bool IsEnough() => Volatile.Read(ref lost) > 0;
                IReadOnlyList<ProxyOutcome>[] outcomes = await Task.WhenAll(
                    SlowTraffic.RunAsync(nginx.Address, Clients, s_longest, seed: 1, outcome => _ = outcome.IsFailure ? Interlocked.Increment(ref lost) : 0, IsEnough),
                    SlowTraffic.RunAsync(proxy.Address, Clients, s_longest, seed: 2, onOutcome: null, IsEnough));
                ExecutionLog executions = await upstream.ReadExecutionsAsync();
                output.WriteLine($"{name}: nginx lost {outcomes[0].Count(outcome => outcome.IsFailure)} of {outcomes[0].Count}; staleconn proxy: {proxy.Counters.Describe()}");
                return (name, outcomes[0].Count(outcome => outcome.IsFailure), outcomes[1].Count(outcome => outcome.IsFailure), link.ResetConnections, executions.ExecutedTwice.Count());
            }
            finally
            {
                File.Delete(file);
            }
        }));

        results.Sum(result => result.Nginx).ShouldBeGreaterThan(0, "without a race nothing is shown");
        results.ShouldAllBe(result => result.Twice == 0);

        // What ends in a bare reset cannot be proven; on a busy machine an upstream does that now and then.
        results.ShouldAllBe(result => result.Guarded <= result.Resets);
    }
}
