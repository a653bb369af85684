using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>The race of YARP with destinations that speak HTTP/2, in the clear and over TLS. Each client has a pool of the proxy's connections for itself: on a shared one they would keep it busy.</summary>
internal static class ProxyHttp2Races
{
    private const int Pools = 30;
    private const int Bursts = 2;

    private static readonly string[] s_servers = ["bare FIN", "nginx-h2c", "nginx-tls", "caddy-h2c"];
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);

    private static readonly (string Name, YarpSetup Setup)[] s_setups =
    [
        (ProxyContender.PlainYarp, YarpSetup.Plain), (ProxyContender.NothingKnown, YarpSetup.NothingKnown), (ProxyContender.Configured, YarpSetup.Configured),
    ];

    public static async Task<IReadOnlyList<ProxyRaceCell>> RunAsync(bool quick)
    {
        List<ProxyRaceCell> cells = [];
        foreach (string server in quick ? s_servers[..1] : s_servers)
        {
            using DelayedLink link = DelayedLink.Create(s_delay);
            var parts = new Stack<IAsyncDisposable>();
            try
            {
                (Uri address, Func<Task<ExecutionLog>> executions) = await Http2Suite.StartAsync(server, link, parts);
                ClosingTimes closing = await ClosingTimes.MeasureAsync(address);
                foreach ((string name, YarpSetup setup) in s_setups)
                {
                    foreach (RequestKind kind in RequestKind.AllThroughProxies)
                    {
                        cells.Add(await RunAsync(name, setup, server, kind, (link, address, executions, closing), quick));
                        await Console.Error.WriteLineAsync($"   {cells[^1]}");
                    }
                }
            }
            finally
            {
                while (parts.TryPop(out IAsyncDisposable? part))
                {
                    await part.DisposeAsync();
                }
            }
        }

        return cells;
    }

    private static async Task<ProxyRaceCell> RunAsync(
        string name, YarpSetup setup, string server, RequestKind kind, (DelayedLink Link, Uri Address, Func<Task<ExecutionLog>> Executions, ClosingTimes Closing) ground, bool quick)
    {
        int pools = kind == RequestKind.PostOneMegabyte ? Pools / 3 : Pools;
        int crossed = ground.Link.CrossedConnections;
        int reset = ground.Link.ResetConnections;
        List<ProxyOutcome> outcomes = [];
        for (int burst = 0; burst < (quick ? 1 : Bursts); burst++)
        {
            await using YarpProxy proxy = await YarpProxy.StartOverHttp2Async(setup, ground.Address, s_idleTimeout, pools);
            outcomes.AddRange(await ProxyRace.RunAsync(
                proxy.Address, kind, AimWindow.Around(ground.Closing.Idle, 2 * s_delay), pools, pools, burst, $"{Guid.NewGuid():N}", addressOf: i => SlowTraffic.AddressOf(proxy.Address, i)));
        }

        ExecutionLog executions = await ground.Executions();
        double[] latencies = [.. outcomes.Where(outcome => !outcome.IsFailure).Select(outcome => outcome.Latency.TotalMilliseconds).Order()];
        return new ProxyRaceCell(
            name,
            server,
            kind.Name,
            outcomes.Count,
            ground.Link.CrossedConnections - crossed + ground.Link.ResetConnections - reset,
            ground.Link.ResetConnections - reset,
            outcomes.Count(outcome => outcome.IsFailure),
            executions.CountExecutedTwice(outcomes.Select(outcome => outcome.RequestId)),
            latencies.Length == 0 ? null : Math.Round(latencies[latencies.Length / 2], 1));
    }
}
