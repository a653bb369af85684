using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>The race itself: each proxy on loopback, an upstream behind a link with delay that closes idle connections, requests aimed at that instant.</summary>
internal static class ProxyRaces
{
    private const int Attempts = 4;
    private const int LargeClients = 15;

    private static readonly string[] s_upstreams = ["nginx", "go"];
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);

    /// <summary>How many POSTs an upstream executes and dies on.</summary>
    public const int Deaths = 20;

    public static async Task<IReadOnlyList<ProxyRaceCell>> RunAsync(ProxyContender contender, bool quick)
    {
        List<ProxyRaceCell> cells = [];
        foreach (string name in s_upstreams)
        {
            using DelayedLink link = DelayedLink.Create(s_delay);
            await using RealServer upstream = await RealServer.StartAsync(name, s_idleTimeout, link);
            TimeSpan closesAt = await IdleTimeoutProbe.MeasureIdleTimeoutAsync(upstream.Address, s_idleTimeout * 3) ?? throw new InvalidOperationException($"{name} does not close idle connections.");
            var ground = new Ground(link, upstream, AimWindow.Around(closesAt, 2 * s_delay));
            await using Pool pool = await Pool.StartAsync(contender, upstream.Address);
            foreach (RequestKind kind in RequestKind.AllThroughProxies)
            {
                cells.Add(await RunAsync(contender, ground, pool, kind, quick));
            }
        }

        return cells;
    }

    /// <summary>Requests that the upstream executes, and dies without an answer.</summary>
    public static async Task<IReadOnlyList<ProxyDeathCell>> DieAsync(ProxyContender contender)
    {
        List<ProxyDeathCell> cells = [];
        foreach (RequestKind kind in (RequestKind[])[RequestKind.PostWithBody, RequestKind.PostWithoutBody])
        {
            await using RaceServer upstream = RaceServer.Start(new RaceServerOptions
            {
                IdleTimeout = TimeSpan.FromMinutes(1),
                DiesOn = static (id, execution) => execution == 1 && id?.EndsWith(RaceRunner.WarmUpSuffix, StringComparison.Ordinal) == false,
            });
            await using Pool pool = await Pool.StartAsync(contender, upstream.Address);
            IReadOnlyList<ProxyOutcome> outcomes = await ProxyRace.RunOnUsedConnectionsAsync(pool.Address, kind, Deaths, "die");
            cells.Add(new ProxyDeathCell(
                contender.Name, kind.Name, outcomes.Count, outcomes.Count(outcome => !outcome.IsFailure), upstream.Executions.CountExecutedTwice(outcomes.Select(outcome => outcome.RequestId))));
        }

        return cells;
    }

    private static async Task<ProxyRaceCell> RunAsync(ProxyContender contender, Ground ground, Pool pool, RequestKind kind, bool quick)
    {
        bool isLarge = kind == RequestKind.PostOneMegabyte;
        int clients = isLarge ? LargeClients : 50;
        int bursts = quick ? 1 : isLarge ? 4 : 3;
        int enoughRaced = quick ? 1 : isLarge ? 10 : 30;
        if (contender.Yarp is YarpSetup.Learned or YarpSetup.Command)
        {
            // It learns; what it is like then, is measured.
            _ = await ProxyRace.RunAsync(pool.Address, RequestKind.PostWithBody, ground.Aim, 12, 12, seed: 99, $"{Guid.NewGuid():N}");
        }

        List<ProxyOutcome> outcomes = [];
        int crossed = ground.Link.CrossedConnections;
        int reset = ground.Link.ResetConnections;
        int Reset() => ground.Link.ResetConnections - reset;
        int Raced() => ground.Link.CrossedConnections - crossed + Reset();
        for (int burst = 0; burst < bursts || (contender.MustRace && Raced() < enoughRaced && burst < bursts * Attempts); burst++)
        {
            if (contender.Yarp is YarpSetup.NothingKnown)
            {
                await pool.RestartAsync();
            }

            outcomes.AddRange(await ProxyRace.RunAsync(pool.Address, kind, ground.Aim, clients, clients, burst, $"{Guid.NewGuid():N}"));
        }

        ExecutionLog executions = await ground.Upstream.ReadExecutionsAsync();
        double[] latencies = [.. outcomes.Where(outcome => !outcome.IsFailure).Select(outcome => outcome.Latency.TotalMilliseconds).Order()];
        var cell = new ProxyRaceCell(
            contender.Name,
            ground.Upstream.Name,
            kind.Name,
            outcomes.Count,
            Raced(),
            Reset(),
            outcomes.Count(outcome => outcome.IsFailure),
            executions.CountExecutedTwice(outcomes.Select(outcome => outcome.RequestId)),
            latencies.Length == 0 ? null : Math.Round(latencies[latencies.Length / 2], 1));
        await Console.Error.WriteLineAsync($"   {cell}");
        return cell;
    }

    /// <summary>What stays the same for one proxy and one upstream.</summary>
    private sealed record Ground(DelayedLink Link, RealServer Upstream, AimWindow Aim);

    /// <summary>The proxy: a process, or YARP in this one, where its code is warm and it can be made anew for each burst.</summary>
    private sealed class Pool(ProxyContender contender, Uri upstream) : IAsyncDisposable
    {
        private ProxyProcess? _process;
        private YarpProxy? _yarp;

        public Uri Address => _process?.Address ?? _yarp!.Address;

        public static async Task<Pool> StartAsync(ProxyContender contender, Uri upstream)
        {
            var pool = new Pool(contender, upstream);
            await pool.RestartAsync();
            return pool;
        }

        public async Task RestartAsync()
        {
            await DisposeAsync();
            if (contender.Yarp is YarpSetup.None)
            {
                _process = await ProxyProcess.StartAsync(contender, upstream, s_idleTimeout);
            }
            else
            {
                _yarp = await YarpProxy.StartAsync(contender.Yarp, upstream, s_idleTimeout);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_yarp?.DisposeAsync() ?? ValueTask.CompletedTask);
            (_process, _yarp) = (null, null);
        }
    }
}
