using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>The median latency of uploads over connections with which nothing is wrong.</summary>
/// <param name="Delay">What the link holds each packet back for, there and back together.</param>
/// <param name="Idle">How long the connection was idle before each.</param>
/// <param name="Without">Without confirming.</param>
/// <param name="With">With it.</param>
public sealed record ConfirmingCost(TimeSpan Delay, TimeSpan Idle, TimeSpan Without, TimeSpan With)
{
    private const int Requests = 50;
    private const int Clients = 4;

    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(150);

    private static readonly TimeSpan[] s_delays = [TimeSpan.Zero, TimeSpan.FromMilliseconds(10)];

    /// <summary>Measures near and far, on idle connections and on busy ones.</summary>
    public static async Task<IReadOnlyList<ConfirmingCost>> MeasureAsync()
    {
        List<ConfirmingCost> costs = [];
        foreach (TimeSpan delay in s_delays)
        {
            using DelayedLink link = DelayedLink.Create(delay);
            await using RaceServer server = RaceServer.Start(link, new RaceServerOptions { IdleTimeout = TimeSpan.FromMinutes(1) });
            foreach (TimeSpan idle in new[] { s_idle, TimeSpan.Zero })
            {
                TimeSpan without = await MedianAsync(server.Address, idle, confirmed: false);
                costs.Add(new ConfirmingCost(2 * delay, idle, without, await MedianAsync(server.Address, idle, confirmed: true)));
            }
        }

        return costs;
    }

    /// <summary>As a table in Markdown.</summary>
    public static string TableOf(IEnumerable<ConfirmingCost> costs) => string.Join('\n',
        [
            $"Uploads of 1 KB over a connection that has carried others, {Requests * Clients} each.",
            string.Empty,
            "| delay of the link, round trip | connection idle for | without confirming, p50 | with, p50 |",
            "| ---: | --- | ---: | ---: |",
            .. costs.Select(cost => string.Create(
                CultureInfo.InvariantCulture,
                $"| {cost.Delay.TotalMilliseconds} ms | {(cost.Idle == TimeSpan.Zero ? "less than 100" : cost.Idle.TotalMilliseconds)} ms | {cost.Without.TotalMilliseconds:0.0} ms | {cost.With.TotalMilliseconds:0.0} ms |")),
        ]);

    private static async Task<TimeSpan> MedianAsync(Uri server, TimeSpan idle, bool confirmed)
    {
        TimeSpan[][] latencies = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => MeasureAsync(server, idle, confirmed)));
        return latencies.SelectMany(those => those).Order().ElementAt(Requests * Clients / 2);
    }

    private static async Task<TimeSpan[]> MeasureAsync(Uri server, TimeSpan idle, bool confirmed)
    {
        var options = new StaleConnGuardOptions { Replay = { ConfirmOneShotBody = confirmed } };
        using var client = new HttpClient(StaleConnGuardHandler.Create(options, new SocketsHttpHandler(), new KeepAliveLedger(), listener: GuardEvents.None));
        using (HttpResponseMessage warm = await client.GetAsync(server))
        {
            _ = warm.EnsureSuccessStatusCode();
        }

        var latencies = new TimeSpan[Requests];
        for (int i = 0; i < Requests; i++)
        {
            await Task.Delay(idle);
            using var request = new HttpRequestMessage(HttpMethod.Post, server) { Content = new StreamedBody(new MemoryStream(new byte[1024])) };
            long started = Stopwatch.GetTimestamp();
            using HttpResponseMessage response = await client.SendAsync(request);
            latencies[i] = Stopwatch.GetElapsedTime(started);
            _ = response.EnsureSuccessStatusCode();
        }

        return latencies;
    }
}
