using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>http2-cost [--quick]</c>: a request over HTTP/2 on loopback, guarded against plain, in turns within each round.</summary>
internal static class Http2Cost
{
    private const int Rounds = 9;
    private const int Turns = 10;

    public static async Task<int> RunAsync(string[] args)
    {
        bool quick = args is ["--quick"];
        using Http2CostServer server = await Http2CostServer.StartAsync();
        Console.WriteLine("| traffic | plain, requests/s | throughput | processor time | bytes added | plain's bytes | noise: throughput | noise: processor time |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (bool secure in (bool[])[false, true])
        {
            foreach (bool posts in (bool[])[false, true])
            {
                foreach (int streams in (int[])[1, 64])
                {
                    string name = $"{(secure ? "TLS" : "h2c")}, {(posts ? "POST 100 B" : "GET")}, {streams} {(streams == 1 ? "stream" : "streams")}";
                    Console.WriteLine(await CompareAsync(name, secure ? server.Secure : server.Plain, streams, posts, quick ? 1 : Rounds));
                }
            }
        }

        return 0;
    }

    private static async Task<string> CompareAsync(string name, Uri server, int streams, bool posts, int count)
    {
        int requests = 0;
        var rounds = new List<Http2CostFigures[]>();
        for (int round = 0; round < count; round++)
        {
            // New connections each round: one that is slow by chance would be slow for all of them.
            using var plain = new Http2CostClient(server, streams, posts, guarded: false);
            using var again = new Http2CostClient(server, streams, posts, guarded: false);
            using var guarded = new Http2CostClient(server, streams, posts, guarded: true);
            Http2CostClient[] clients = [plain, guarded, again];
            requests = await WarmUpAsync(clients, streams, times: round == 0 ? 5 : 1);
            Http2CostFigures[] sums = [.. clients.Select(static _ => new Http2CostFigures(0, TimeSpan.Zero, 0, TimeSpan.Zero))];
            for (int turn = 0; turn < Turns; turn++)
            {
                for (int i = 0; i < clients.Length; i++)
                {
                    int client = (i + turn + round) % clients.Length;
                    sums[client] += await clients[client].RunAsync(requests);
                }
            }

            rounds.Add(sums);
        }

        double Median(Func<Http2CostFigures[], double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {Median(static r => r[0].RequestsPerSecond):0} | {Median(static r => r[1].RequestsPerSecond / r[0].RequestsPerSecond):0.000} | {Median(static r => r[1].CpuMicrosecondsEach / r[0].CpuMicrosecondsEach):0.00} | {Median(static r => r[1].BytesEach - r[0].BytesEach):0} B | {Median(static r => r[0].BytesEach):0} B | {Median(static r => r[2].RequestsPerSecond / r[0].RequestsPerSecond):0.000} | {Median(static r => r[2].CpuMicrosecondsEach / r[0].CpuMicrosecondsEach):0.00} |");
    }

    /// <summary>How many requests a turn has. It is some tenths of a second: the machine changes its pace within seconds.</summary>
    private static async Task<int> WarmUpAsync(Http2CostClient[] clients, int streams, int times)
    {
        double perSecond = 0;
        for (int i = 0; i < times; i++)
        {
            foreach (Http2CostClient client in clients)
            {
                perSecond = (await client.RunAsync(3_000)).RequestsPerSecond;
            }
        }

        return Math.Max(20 * streams, (int)(perSecond * 0.06));
    }
}
