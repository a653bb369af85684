using System.Diagnostics;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>The latency of uploads over connections with which nothing is wrong, but that were idle: 20 ms round trip to the upstream, which keeps connections for a minute.</summary>
internal static class ProxyLatency
{
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMinutes(1);

    private static readonly (int Bytes, bool IsChunked)[] s_bodies = [(0, false), (1_000, false), (65_536, false), (200_000, false), (1_000, true)];

    public static async Task<IReadOnlyList<ProxyLatencyCell>> RunAsync(bool quick)
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RaceServer upstream = RaceServer.Start(link, new RaceServerOptions { IdleTimeout = s_serverTimeout });
        string[] names = [ProxyContender.PlainYarp, ProxyContender.NothingKnown, ProxyContender.Configured];
        List<ProxyProcess> proxies = [];
        List<ProxyLatencyCell> cells = [];
        try
        {
            foreach (string name in names)
            {
                proxies.Add(await ProxyProcess.StartAsync(ProxyContender.All.Single(one => one.Name == name), upstream.Address, s_serverTimeout));
            }

            foreach ((int bytes, bool isChunked) in s_bodies)
            {
                // They take turns, request by request.
                HttpClient[] clients = [.. proxies.Select(proxy => new HttpClient { BaseAddress = proxy.Address })];
                List<double>[] latencies = [.. names.Select(_ => new List<double>())];
                int requests = quick ? 5 : 60;
                for (int i = -10; i < requests; i++)
                {
                    await Task.Delay(s_idle);
                    for (int which = 0; which < clients.Length; which++)
                    {
                        double took = await SendAsync(clients[which], bytes, isChunked);
                        if (i >= 0)
                        {
                            latencies[which].Add(took);
                        }
                    }
                }

                cells.AddRange(names.Zip(latencies, (name, those) => new ProxyLatencyCell(
                    name, bytes, isChunked, those.Count, Math.Round(new Distribution(those).Median!.Value, 2), Math.Round(new Distribution(those).Percentile(90)!.Value, 2))));
                Array.ForEach(clients, client => client.Dispose());
            }
        }
        finally
        {
            foreach (ProxyProcess proxy in proxies)
            {
                await proxy.DisposeAsync();
            }
        }

        return cells;
    }

    private static async Task<double> SendAsync(HttpClient client, int bytes, bool isChunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(new byte[bytes]) };
        request.Headers.TransferEncodingChunked = isChunked;
        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await client.SendAsync(request);
        double took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        _ = response.EnsureSuccessStatusCode();
        return took;
    }
}
