using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>race-rates [--quick] [--results FOLDER]</c>: the race at different rates. A share of the requests is aimed at the closing instant of the
/// server, the others leave at harmless idle ages; all contenders side by side, each with a server of its own. Needs root.
/// </summary>
internal static class RaceRates
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_delayEachWay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_roundTrip = 2 * s_delayEachWay;

    public static async Task<int> RunAsync(ResultOptions options)
    {
        (double AimedShare, int Requests)[] rates = options.IsQuick
            ? [(0.01, 160), (0.10, 160), (0.60, 96)]
            : [(0.01, 3_200), (0.10, 1_600), (0.60, 640)];

        using RaceServersProcess servers = await RaceServersProcess.StartAsync(s_serverTimeout, s_delayEachWay, (rates.Length + 1) * RaceRateContenders.Kinds.Count * RaceRateContenders.All(s_serverTimeout).Count);

        // What the runtime compiles at first use would be mistaken for the price of a recovery.
        _ = await RunAsync(servers, aimedShare: 0.5, requests: 96);

        List<RaceRateRow> rows = [];
        foreach ((double aimedShare, int requests) in rates)
        {
            Console.Error.WriteLine(FormattableString.Invariant($"{aimedShare:0 %} aimed ..."));
            rows.AddRange(await RunAsync(servers, aimedShare, requests));
        }

        RaceRateReport.Write(rows, s_roundTrip, options);
        return 0;
    }

    private static async Task<IReadOnlyList<RaceRateRow>> RunAsync(RaceServersProcess servers, double aimedShare, int requests)
    {
        RaceEntry[] entries =
        [
            .. from kind in RaceRateContenders.Kinds
               from contender in RaceRateContenders.All(s_serverTimeout)
               select new RaceEntry(contender, kind, servers.TakeServer()),
        ];
        var settings = new RaceSettings(AimWindow.Around(s_serverTimeout, s_roundTrip)) { AimedShare = aimedShare, Requests = requests };
        TimeSpan paused = GC.GetTotalPauseDuration();
        int col = GC.CollectionCount(0);
        await RaceRunner.RunAsync(entries, settings);
        Console.Error.WriteLine($"gc pauses {GC.GetTotalPauseDuration() - paused}, {GC.CollectionCount(0) - col}");
        IReadOnlySet<string> executedTwice = await servers.ReadExecutedTwiceAsync();
        return [.. entries.Select(entry => new RaceRateRow(aimedShare, entry, executedTwice, s_roundTrip))];
    }
}
