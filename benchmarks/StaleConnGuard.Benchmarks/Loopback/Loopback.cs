using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// A guarded client against a plain one, both against Kestrel on loopback. The runs take turns; each figure is the median over all rounds of
/// the ratio within a round, because the machine is not the same from one minute to the next. In each round the plain client runs
/// twice: what it differs from itself is the noise.
/// </summary>
internal static class Loopback
{
    private const int Rounds = 9;
    private const int QuickRounds = 1;

    // The machine changes its pace within seconds, so what is compared lies tenths of a second apart.
    private const int Turns = 10;

    private const string Legend = """
        Throughput, p99 and processor time (of the client's process, user and kernel) are the guarded client's over the plain one's, the median of 9 rounds in which they take ten turns each. Noise
        is the plain client against itself in the same rounds: where it is further from 1 than the guarded client's figure, that figure says nothing. Bytes are exact but for what the
        runtime allocates by the way. Instructions are not counted: most virtual machines hide that counter.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        bool quick = args is ["--quick"];
        TimeSpan length = quick ? TimeSpan.FromMilliseconds(150) : TimeSpan.FromSeconds(1);
        using LoopbackServer server = await LoopbackServer.StartAsync();
        Console.WriteLine("| traffic | plain, requests/s | throughput | p99 | processor time | bytes added | plain's bytes | noise: throughput | noise: p99 |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (LoopbackCase traffic in LoopbackCase.All)
        {
            await CompareAsync(traffic, traffic.Secure ? server.Secure : server.Plain, length, quick ? QuickRounds : Rounds);
        }

        Console.WriteLine();
        Console.WriteLine(Legend);
        return 0;
    }

    private static async Task CompareAsync(LoopbackCase traffic, Uri server, TimeSpan length, int count)
    {
        using var plain = new LoopbackClient(traffic, server, guarded: false);
        using var guarded = new LoopbackClient(traffic, server, guarded: true);
        int requests = await WarmUpAsync(plain, guarded, length, traffic.Concurrency);
        var rounds = new List<(LoopbackFigures Plain, LoopbackFigures Guarded, LoopbackFigures Again)>();
        for (int round = 0; round < count; round++)
        {
            var (first, ours, again) = (new List<LoopbackFigures>(), new List<LoopbackFigures>(), new List<LoopbackFigures>());
            for (int turn = 0; turn < Turns; turn++)
            {
                LoopbackFigures before = await plain.RunAsync(requests / Turns);
                ours.Add(await guarded.RunAsync(requests / Turns));
                LoopbackFigures after = await plain.RunAsync(requests / Turns);

                // Compared is with the one before and the one after in turns.
                (turn % 2 == 0 ? first : again).Add(before);
                (turn % 2 == 0 ? again : first).Add(after);
            }

            rounds.Add((LoopbackFigures.Sum(first), LoopbackFigures.Sum(ours), LoopbackFigures.Sum(again)));
        }

        double Median(Func<(LoopbackFigures Plain, LoopbackFigures Guarded, LoopbackFigures Again), double> of) => rounds.Select(of).Order().ElementAt(count / 2);
        FormattableString row =
            $"| {traffic.Description} | {Median(r => r.Plain.RequestsPerSecond):0} | {Median(r => r.Guarded.RequestsPerSecond / r.Plain.RequestsPerSecond):0.000} | {Median(r => r.Guarded.P99 / r.Plain.P99):0.00} | {Median(r => r.Guarded.CpuMicroseconds / r.Plain.CpuMicroseconds):0.00} | {Median(r => r.Guarded.Bytes - r.Plain.Bytes):0} B | {Median(r => r.Plain.Bytes):0} B | {Median(r => r.Again.RequestsPerSecond / r.Plain.RequestsPerSecond):0.000} | {Median(r => r.Again.P99 / r.Plain.P99):0.00} |";
        Console.WriteLine(row.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>How many requests take about as long as a run should.</summary>
    private static async Task<int> WarmUpAsync(LoopbackClient plain, LoopbackClient guarded, TimeSpan length, int concurrency)
    {
        double perSecond = 0;
        for (int i = 0; i < 4; i++)
        {
            perSecond = (await plain.RunAsync(3_000)).RequestsPerSecond;
            await guarded.RunAsync(3_000);
        }

        return Math.Max(10 * Turns * concurrency, (int)(perSecond * length.TotalSeconds));
    }
}
