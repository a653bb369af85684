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

        // What the runtime compiles at first use would be mistaken for the price of a recovery.
        _ = await RunAsync(aimedShare: 0.5, requests: 16);

        List<RaceRateRow> rows = [];
        foreach ((double aimedShare, int requests) in rates)
        {
            Console.Error.WriteLine(FormattableString.Invariant($"{aimedShare:0 %} aimed ..."));
            rows.AddRange(await RunAsync(aimedShare, requests));
        }

        RaceRateReport.Write(rows, s_roundTrip, options);
        return 0;
    }

    private static async Task<IReadOnlyList<RaceRateRow>> RunAsync(double aimedShare, int requests)
    {
        await using var course = RaceCourse.Open(s_delayEachWay);
        if (!course.HasRealPackets)
        {
            throw new InvalidOperationException($"Nothing can be proven without a link of real packets: {course.WhyRelay}.");
        }

        List<(RaceEntry Entry, RaceServer Server)> entries = [];
        foreach (RequestKind kind in new[] { RequestKind.Get, RequestKind.PostWithBody })
        {
            foreach (Contender contender in RaceRateContenders.All(s_serverTimeout))
            {
                (RaceServer server, Uri address) = course.AddServer(new RaceServerOptions { IdleTimeout = s_serverTimeout });
                entries.Add((new RaceEntry(contender, kind, address), server));
            }
        }

        var settings = new RaceSettings(AimWindow.Around(s_serverTimeout, s_roundTrip)) { AimedShare = aimedShare, Requests = requests };
        await RaceRunner.RunAsync([.. entries.Select(entry => entry.Entry)], settings);
        return [.. entries.Select(entry => new RaceRateRow(aimedShare, entry.Entry, entry.Server, s_roundTrip))];
    }
}
