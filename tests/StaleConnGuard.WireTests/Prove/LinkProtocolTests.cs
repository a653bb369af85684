using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>
/// The race on real packets on the less travelled paths: the synchronous one, <c>Expect: 100-continue</c>, TLS through CONNECT proxies. Requests
/// and FINs cross on a link with 10 ms each way.
/// </summary>
[Collection(ExactTime.Collection)]
public class LinkProtocolTests(ITestOutputHelper output)
{
    private const int Workers = 8;
    private const int Rounds = 3;

    // A busy machine misses its aim: again, until every path has seen its race.
    private const int MostAttempts = 6;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Race_OnEveryPath_FailsOnlyWhatAResetLeavesUnknown()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        string[] proxyNames = ["squid", "tinyproxy"];
        foreach (string name in (string[])["nginx-http", "nginx-tls", .. proxyNames])
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(name, out reason), reason);
        }

        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer http = await RealServer.StartAsync("nginx-http", s_idle, link);
        await using RealServer tls = await RealServer.StartAsync("nginx-tls", s_idle, link);
        await using RealServer squid = await RealServer.StartAsync("squid", TimeSpan.FromSeconds(60), link);
        await using RealServer tinyproxy = await RealServer.StartAsync("tinyproxy", TimeSpan.FromSeconds(60), link);
        (string Name, RealServer Server, LinkRace Race, LinkRace Plain)[] paths =
        [
            Path("Send", http, http.Address, isSync: true),
            Path("Send, TLS", tls, tls.Address, isSync: true),
            Path("Expect: 100-continue", http, http.Address, prepare: request => request.Headers.ExpectContinue = true),
            Path("CONNECT, Squid", tls, tls.Address, configure: handler => handler.Proxy = new WebProxy(squid.Address)),
            Path("CONNECT, Tinyproxy", tls, tls.Address, configure: handler => handler.Proxy = new WebProxy(tinyproxy.Address)),
        ];
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };

        for (int attempt = 0; attempt < MostAttempts && !paths.All(HasRaced); attempt++)
        {
            await Task.WhenAll(paths.SelectMany(path => (Task[])
            [
                path.Race.RunAsync(options, "POST", "bytes", Workers, Rounds),
                path.Plain.RunAsync(null, "POST", "bytes", Workers / 2, Rounds),
            ]));
        }

        foreach ((string name, RealServer server, LinkRace race, LinkRace plain) in paths)
        {
            int proven = Proven(race);
            int resets = race.Observer.Hits.Count(hit => hit.End is ConnectionEnd.Reset);
            output.WriteLine($"{name}: plain {plain.Failures.Count} of {plain.Sent} failed; guarded {race.Failures.Count} of {race.Sent}, stale hits {race.Observer.StaleHits}, proven {proven}, resets {resets}");
            (await server.ReadExecutionsAsync()).CountExecutedTwice(race.Ids).ShouldBe(0, name);
            race.Failures.ShouldAllBe(e => e is StaleConnectionException, name);
            race.Failures.ShouldAllBe(e => ((StaleConnectionException)e).Delivery == Delivery.Unknown, name);
            race.Failures.Count.ShouldBeLessThanOrEqualTo(race.Observer.StaleHits - proven, name);
        }

        paths.ShouldAllBe(path => HasRaced(path));
    }

    // With an expectation, the plain client repeats on its own what met an end-of-stream.
    private static bool HasRaced((string Name, RealServer Server, LinkRace Race, LinkRace Plain) path) =>
        Proven(path.Race) > 0 && (!path.Plain.Failures.IsEmpty || path.Name.StartsWith("Expect", StringComparison.Ordinal));

    private static int Proven(LinkRace race) => race.Observer.Hits.Count(hit => hit.Delivery is Delivery.ProvenUndelivered);

    private static (string Name, RealServer Server, LinkRace Race, LinkRace Plain) Path(
        string name, RealServer server, Uri address, bool isSync = false, Action<SocketsHttpHandler>? configure = null, Action<HttpRequestMessage>? prepare = null)
    {
        LinkRace Make() => new(address, s_idle, s_delay) { IsSync = isSync, Configure = configure, Prepare = prepare };
        return (name, server, Make(), Make());
    }
}
