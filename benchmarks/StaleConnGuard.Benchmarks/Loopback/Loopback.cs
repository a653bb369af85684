using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// Clients of IHttpClientFactory, guarded and not, against Kestrel on loopback. Each client has a process of its own, as a service has one kind of client: in
/// one process the compiler would specialize the handlers' calls for the client that ran first. The clients take turns; each figure is the mean over all
/// rounds of the ratio within a round, because the machine is not the same from one minute to the next. In each round the plain client runs twice: what it
/// differs from itself is the noise.
/// </summary>
internal static class Loopback
{
    private const int HeadlineRounds = 6;
    private const int OtherRounds = 3;
    private const int QuickRounds = 1;

    // The machine changes its pace within seconds, so what is compared lies tenths of a second apart.
    private const int Turns = 10;

    private const string Legend = """
        All are clients of `IHttpClientFactory`, with its logging handlers and no log provider, each in a process of its own. Throughput, p99, processor time (of the client's process, user and
        kernel) and collections are over the plain client's: the mean of the rounds (six of GET with 64 at once, three of other traffic) and its standard error. In each round every client is a new process, is
        warmed up until the compiler has nothing more to do, and has ten turns in rotating order. "plain, again" is the plain client against itself in the same rounds: where it is further from 1 than another figure, that figure says
        nothing. Bytes are exact but for what the runtime allocates by the way.
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
            Write(traffic, await CompareAsync(traffic, server.For(traffic), quick));
        }

        Console.WriteLine();
        Console.WriteLine(Legend);
        return 0;
    }

    private static async Task<List<LoopbackFigures[]>> CompareAsync(LoopbackCase traffic, Uri server, bool quick)
    {
        List<LoopbackFigures[]> rounds = [];
        int count = quick ? QuickRounds : traffic.IsHeadline ? HeadlineRounds : OtherRounds;
        for (int round = 0; round < count; round++)
        {
            // New clients each round: a process or a connection that is slow by chance would be slow for all rounds.
            List<LoopbackChild> clients = [.. Contenders(traffic).Select(contender => LoopbackChild.Start(traffic, server, contender, quick))];
            try
            {
                double perSecond = 0;
                foreach (LoopbackChild client in clients)
                {
                    perSecond = Math.Max(perSecond, await client.WarmUpAsync());
                }

                int requests = Math.Max(10 * traffic.Concurrency, (int)(perSecond * (quick ? 0.02 : 0.2)));
                for (int turn = 0; turn < Turns; turn++)
                {
                    for (int i = 0; i < clients.Count; i++)
                    {
                        await clients[(i + turn + round) % clients.Count].RunAsync(requests);
                    }
                }

                rounds.Add(await Task.WhenAll(clients.Select(static client => client.FinishAsync())));
            }
            finally
            {
                clients.ForEach(static client => client.Dispose());
            }
        }

        return rounds;
    }

    private static IReadOnlyList<LoopbackContender> Contenders(LoopbackCase traffic) =>
        [.. LoopbackContender.All.Where(contender => traffic.IsHeadline || contender.IsAlwaysCompared)];

    private static void Write(LoopbackCase traffic, List<LoopbackFigures[]> rounds)
    {
        Figure Plain(Func<LoopbackFigures, double> of) => Figure.Of(rounds.Select(round => of(round[0])));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {traffic.Description} | plain | {Plain(static r => r.RequestsPerSecond).Mean:0} requests/s | {Plain(static r => r.P99).Mean:0} us | {Plain(static r => r.CpuMicroseconds).Mean:0.0} us | {Plain(static r => r.Bytes).Mean:0} B in all | {Plain(static r => r.Collections).Mean:0} |"));
        IReadOnlyList<LoopbackContender> contenders = Contenders(traffic);
        for (int i = 1; i < contenders.Count; i++)
        {
            int client = i;
            Figure Ratio(Func<LoopbackFigures, double> of) => Figure.Of(rounds.Select(round => of(round[client]) / of(round[0])));
            Figure added = Figure.Of(rounds.Select(round => round[client].Bytes - round[0].Bytes));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| | {contenders[client].Name} | {Ratio(static r => r.RequestsPerSecond).ToText("0.000")} | {Ratio(static r => r.P99).ToText("0.00")} | {Ratio(static r => r.CpuMicroseconds).ToText("0.00")} | {added.Mean:0} B | {Ratio(static r => Math.Max(1, r.Collections)).Mean:0.00} |"));
        }
    }

    /// <summary>A mean and its standard error.</summary>
    private sealed record Figure(double Mean, double Error)
    {
        public static Figure Of(IEnumerable<double> figures)
        {
            double[] all = [.. figures];
            double mean = all.Average();
            double variance = all.Sum(figure => (figure - mean) * (figure - mean)) / Math.Max(1, all.Length - 1);
            return new Figure(mean, Math.Sqrt(variance / all.Length));
        }

        public string ToText(string format) => Mean.ToString(format, CultureInfo.InvariantCulture) + " ± " + Error.ToString(format, CultureInfo.InvariantCulture);
    }
}
