using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// Clients of IHttpClientFactory, guarded and not, against Kestrel on loopback. The runs take turns; each figure is the median over all rounds of the ratio
/// within a round, because the machine is not the same from one minute to the next. In each turn the plain client runs twice: what it differs from itself
/// is the noise.
/// </summary>
internal static class Loopback
{
    private const int Rounds = 9;
    private const int QuickRounds = 1;

    // The machine changes its pace within seconds, so what is compared lies tenths of a second apart.
    private const int Turns = 10;

    private const string Legend = """
        All are clients of `IHttpClientFactory`, with its logging handlers and no log provider. Throughput, p99, processor time (of the client's process, user and kernel) and collections are
        over the plain client's: the median of 9 rounds, in each of which every client is made anew and has ten turns, in rotating order. "plain, again" is the plain client against itself in the same rounds:
        where it is further from 1 than another figure, that figure says nothing. Bytes are exact but for what the runtime allocates by the way.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        bool quick = args.Contains("--quick");
        string[] wanted = [.. args.Where(arg => arg != "--quick")];
        using LoopbackServer server = await LoopbackServer.StartAsync();
        Console.WriteLine("| traffic | client | throughput | p99 | processor time | bytes added | collections |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (LoopbackCase traffic in LoopbackCase.All.Where(traffic => wanted.All(word => traffic.Description.Contains(word, StringComparison.Ordinal))))
        {
            using IDisposable? listening = traffic.Observed ? Listen() : null;
            await CompareAsync(traffic, server.For(traffic), quick);
        }

        Console.WriteLine();
        Console.WriteLine(Legend);
        return 0;
    }

    /// <summary>Reads everything and sends it nowhere.</summary>
    private static Listening Listen() => new(
        Sdk.CreateMeterProviderBuilder().AddMeter(StaleConnGuardDiagnostics.MeterName, "System.Net.Http").Build(),
        Sdk.CreateTracerProviderBuilder().AddSource(StaleConnGuardDiagnostics.ActivitySourceName).Build());

    private static async Task CompareAsync(LoopbackCase traffic, Uri server, bool quick)
    {
        LoopbackContender[] contenders = [LoopbackContender.Plain, LoopbackContender.Plain with { Name = "plain, again" }, .. LoopbackContender.Others];
        List<LoopbackFigures>[] rounds = [.. contenders.Select(_ => new List<LoopbackFigures>())];
        int requests = 0;
        for (int round = 0; round < (quick ? QuickRounds : Rounds); round++)
        {
            // New clients each round: a connection that is slow by chance, as one of HTTP/2 may be, would be slow for all rounds.
            List<LoopbackClient> clients = [.. contenders.Select(contender => new LoopbackClient(traffic, server, contender))];
            requests = round == 0 ? await WarmUpAsync(clients, traffic.Concurrency, quick ? TimeSpan.FromMilliseconds(150) : TimeSpan.FromSeconds(1)) : requests;
            List<LoopbackFigures>[] turns = [.. clients.Select(_ => new List<LoopbackFigures>())];
            foreach (LoopbackClient client in clients)
            {
                await client.RunAsync(requests / Turns);
            }

            for (int turn = 0; turn < Turns; turn++)
            {
                for (int i = 0; i < clients.Count; i++)
                {
                    int client = (i + turn + round) % clients.Count;
                    turns[client].Add(await clients[client].RunAsync(requests / Turns));
                }
            }

            for (int client = 0; client < clients.Count; client++)
            {
                rounds[client].Add(LoopbackFigures.Sum(turns[client]));
            }

            clients.ForEach(static client => client.Dispose());
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {traffic.Description} | plain | {Median(rounds[0].Select(r => r.RequestsPerSecond)):0} requests/s | {Median(rounds[0].Select(r => r.P99)):0} us | {Median(rounds[0].Select(r => r.CpuMicroseconds)):0.0} us | {Median(rounds[0].Select(r => r.Bytes)):0} B in all | {Median(rounds[0].Select(r => (double)r.Collections)):0} |"));
        for (int client = 1; client < contenders.Length; client++)
        {
            IEnumerable<LoopbackFigures> ours = rounds[client];
            double Ratio(Func<LoopbackFigures, double> of) => Median(ours.Zip(rounds[0], (mine, theirs) => of(mine) / of(theirs)));
            double added = Median(ours.Zip(rounds[0], static (mine, theirs) => mine.Bytes - theirs.Bytes));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| | {contenders[client].Name} | {Ratio(r => r.RequestsPerSecond):0.000} | {Ratio(r => r.P99):0.00} | {Ratio(r => r.CpuMicroseconds):0.00} | {added:0} B | {Ratio(r => Math.Max(1, r.Collections)):0.00} |"));
        }
    }

    private static double Median(IEnumerable<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>How many requests take about as long as a run should.</summary>
    private static async Task<int> WarmUpAsync(List<LoopbackClient> clients, int concurrency, TimeSpan length)
    {
        double perSecond = 0;
        for (int i = 0; i < 4; i++)
        {
            foreach (LoopbackClient client in clients)
            {
                await client.RunAsync(3_000);
            }

            perSecond = (await clients[0].RunAsync(3_000)).RequestsPerSecond;
        }

        return Math.Max(10 * Turns * concurrency, (int)(perSecond * length.TotalSeconds));
    }

    private sealed record Listening(MeterProvider Metrics, TracerProvider Traces) : IDisposable
    {
        public void Dispose()
        {
            Metrics.Dispose();
            Traces.Dispose();
        }
    }
}
