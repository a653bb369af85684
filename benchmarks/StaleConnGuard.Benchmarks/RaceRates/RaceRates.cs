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

    // So few and so rare that two cores are idle for most of the time: requests that wait for each other say nothing of a recovery.
    private const int Workers = 12;
    private static readonly AimWindow s_harmlessAges = new(TimeSpan.FromMilliseconds(150), TimeSpan.FromMilliseconds(550));

    public static async Task<int> RunAsync(ResultOptions options)
    {
        (double AimedShare, int Requests)[] rates = options.IsQuick
            ? [(0.01, 160), (0.10, 160), (0.60, 96)]
            : [(0.01, 1_500), (0.10, 720), (0.60, 480)];
        int entries = RaceRateContenders.Kinds.Count * RaceRateContenders.All(s_serverTimeout).Count;
        using RaceServersProcess servers = await RaceServersProcess.StartAsync(s_serverTimeout, s_delayEachWay, (rates.Length + 1) * entries);

        // What the runtime compiles at first use would be mistaken for the price of a recovery.
        _ = await RunAsync(servers, aimedShare: 0.5, requests: options.IsQuick ? 16 : 96);

        List<RaceRateRow> rows = [];
        int collections = 0;
        foreach ((double aimedShare, int requests) in rates)
        {
            Console.Error.WriteLine(FormattableString.Invariant($"{aimedShare:0 %} aimed ..."));
            (IReadOnlyList<RaceRateRow> raced, int collected) = await RunAsync(servers, aimedShare, requests);
            rows.AddRange(raced);
            collections += collected;
        }

        RaceRateReport.Write(rows, new RaceRateGround(s_roundTrip, s_harmlessAges, servers.MedianConnect, collections), options);
        return 0;
    }

    private static async Task<(IReadOnlyList<RaceRateRow> Rows, int Collections)> RunAsync(RaceServersProcess servers, double aimedShare, int requests)
    {
        RaceEntry[] entries =
        [
            .. from kind in RaceRateContenders.Kinds
               from contender in RaceRateContenders.All(s_serverTimeout)
               select new RaceEntry(contender, kind, servers.TakeServer()),
        ];
        var settings = new RaceSettings(AimWindow.Around(s_serverTimeout, s_roundTrip)) { Workers = Workers, AimedShare = aimedShare, Requests = requests, HarmlessAges = s_harmlessAges };
        await servers.BeginRaceAsync();
        using var heap = new QuietHeap();
        await RaceRunner.RunAsync(entries, settings);
        int collections = heap.Collections;
        (int serversCollections, IReadOnlySet<string> executedTwice) = await servers.EndRaceAsync();
        return ([.. entries.Select(entry => new RaceRateRow(aimedShare, entry, executedTwice, servers.ShortestConnect))], collections + serversCollections);
    }
}
