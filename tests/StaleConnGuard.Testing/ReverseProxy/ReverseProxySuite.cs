using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// Clients, a reverse proxy on loopback, and behind a link with delay an upstream that closes idle connections: the proxy keeps its connections for longer than
/// the upstream does. Bursts are aimed at the upstream's closing instant. Before each the proxy gets a new pool and knows nothing, so that no
/// race spares the next.
/// </summary>
public static class ReverseProxySuite
{
    private const int SmallUploads = 3;

    /// <summary>A body that no buffer on the way takes whole.</summary>
    public static RequestKind PostOneMegabyte { get; } = new("POST, 1 MB", HttpMethod.Post, $"\"{new string('x', 1_000_000)}\"");

    /// <summary>What is sent. Every body is streamed by the proxy, and can be read once.</summary>
    public static IReadOnlyList<RequestKind> Kinds { get; } =
    [
        RequestKind.Get,
        new RequestKind("PUT, small", HttpMethod.Put, """{"order":4711}"""),
        new RequestKind("POST, small", HttpMethod.Post, """{"order":4711}"""),
        PostOneMegabyte,
    ];

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);

    // As short as the servers can be told.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(1);

    public static ProxyPool Plain { get; } = new("SocketsHttpHandler as it is");

    public static ProxyPool GuardedByDefault { get; } = new("guarded, nothing known", new StaleConnGuardOptions());

    /// <summary>What the proxy forwards with.</summary>
    public static IReadOnlyList<ProxyPool> Pools { get; } =
    [
        Plain,
        new("SocketsHttpHandler, idle timeout 0.9 s", IdleTimeout: s_idleTimeout * 0.9),
        GuardedByDefault,
        new("guarded, timeout configured", new StaleConnGuardOptions { KeepAlive = { ServerTimeout = s_idleTimeout } }),
    ];

    /// <summary>Runs every pool and kind of request against one upstream.</summary>
    /// <param name="upstream">The server's name; one that counts its executions and closes at even ages.</param>
    /// <param name="clients">How many clients each proxy has.</param>
    /// <param name="bursts">How many bursts each proxy meets.</param>
    public static async Task<IReadOnlyList<ReverseProxyRow>> RunAsync(string upstream, int clients, int bursts)
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer server = await RealServer.StartAsync(upstream, s_idleTimeout, link);
        TimeSpan closesAt = await IdleTimeoutProbe.MeasureIdleTimeoutAsync(server.Address, s_idleTimeout * 3)
            ?? throw new InvalidOperationException($"{upstream} does not close idle connections.");
        AimWindow aim = AimWindow.Around(closesAt, 2 * s_delay);

        ReverseProxyRow[] rows = [.. Kinds.SelectMany(kind => Pools.Select(pool => new ReverseProxyRow(upstream, pool, kind)))];

        // The large bodies afterwards and by fewer clients: they fill the link, and a full link is another race.
        ReverseProxyRow[] large = [.. rows.Where(row => row.Kind == PostOneMegabyte)];
        await RunSideBySideAsync([.. rows.Except(large)], server.Address, aim, clients, bursts);
        await RunSideBySideAsync(large, server.Address, aim, Math.Max(1, clients / SmallUploads), bursts);

        ExecutionLog executions = await server.ReadExecutionsAsync();
        foreach (ReverseProxyRow row in rows)
        {
            row.ExecutedTwice = executions.CountExecutedTwice(row.Outcomes.Select(outcome => outcome.RequestId));
        }

        return rows;
    }

    private static Task RunSideBySideAsync(ReverseProxyRow[] rows, Uri upstream, AimWindow aim, int clients, int bursts) =>
        Task.WhenAll(rows.Select(async (row, i) =>
        {
            // Their bursts do not fall together.
            await Task.Delay(s_idleTimeout * i / rows.Length);
            await RunAsync(row, upstream, aim, clients, bursts);
        }));

    private static async Task RunAsync(ReverseProxyRow row, Uri upstream, AimWindow aim, int clients, int bursts)
    {
        await using ForwardingProxy proxy = await ForwardingProxy.StartAsync(upstream);
        BurstSender[] senders = [.. Enumerable.Range(0, clients).Select(_ => new BurstSender(new HttpClient(), row.Kind))];
        for (int burst = 0; burst < bursts; burst++)
        {
            SocketsHttpHandler sockets = ForwardingProxy.NewSocketsHandler();
            var tap = new WireTap();
            tap.Attach(sockets);
            var hits = new HitCounter();
            proxy.UsePool(row.Pool.Make(sockets, hits));
            BurstOutcome[] outcomes = await Burst.RunAsync(senders, proxy.Address, aim, new Random(burst));
            row.Add(outcomes, tap.Lost, hits.Resets);
        }

        row.Failures = [.. proxy.Failures];
        foreach (BurstSender sender in senders)
        {
            sender.Client.Dispose();
        }
    }
}
