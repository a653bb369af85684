using System.Globalization;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Testing;

/// <summary>Captured races against all servers, as a table in Markdown.</summary>
internal static class CaptureTruth
{
    private const int Gaps = 100;

    /// <summary>Those that can be raced; those with "-tls" over TLS.</summary>
    public static IReadOnlyList<string> Servers { get; } =
        ["nginx", "go", "haproxy", "apache", "caddy", "uwsgi", "gunicorn", "node", RealServer.Kestrel, "AWS NLB", "IIS", "nginx-tls", "caddy-tls"];

    /// <summary>The head of the table.</summary>
    public static string Head => string.Join('\n', [
        "Missed and invented of requests that raced: captured at the client, at the server, on `any`, and 96 bytes of each packet at the client.",
        string.Empty,
        "| server | requests | raced | executed though they failed | missed | invented | said to be undelivered, but executed | judged as the guard's kernel did | otherwise | begun in the middle: found, invented | one direction: found | with gaps: found, invented |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]);

    /// <summary>Runs one race, and says whether nothing was missed, invented or wrong.</summary>
    public static async Task<(string Row, bool IsTrue, bool IsRaced)> RunAsync(string server, int requests, int rounds)
    {
        using CapturedRace race = await CapturedRace.RunAsync(server, requests, rounds);
        string[] spots = [CapturedRace.AtClient, CapturedRace.AtServer, CapturedRace.OnAny, CapturedRace.Truncated];
        CaptureComparison[] whole = [.. spots.Select(race.Compare)];
        CaptureComparison middle = race.Compare(CapturedRace.FromTheMiddle);
        CaptureComparison oneDirection = race.Compare(CapturedRace.OneDirection);
        CaptureComparison[] gaps = [.. Enumerable.Range(0, Gaps).Select(seed => WithGaps(race, seed))];
        int invented = middle.Invented.Count + oneDirection.Found + gaps.Sum(one => one.Invented.Count + one.Wrong.Count);
        foreach (CaptureComparison one in (CaptureComparison[])[.. whole, middle, .. gaps])
        {
            // With gaps less may be proven than the kernel knows.
            foreach (string what in one.Invented.Concat(one.Wrong).Concat(gaps.Contains(one) ? [] : one.Disagreed))
            {
                await Console.Error.WriteLineAsync($"{server}, {one.Spot}: {what}");
            }
        }

        bool isTrue = invented == 0 && whole.All(one => one.Missed.Count + one.Invented.Count + one.Wrong.Count + one.Disagreed.Count == 0);
        string row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {server} | {race.Requests} | {race.Raced.Count} | {race.ExecutedThoughFailed?.ToString(CultureInfo.InvariantCulture) ?? "not counted"} | {Each(whole, one => one.Missed.Count)} | {Each(whole, one => one.Invented.Count)} | {Each(whole, one => one.Wrong.Count)} | {Each(whole, one => one.Agreed)} | {Each(whole, one => one.Disagreed.Count)} | {middle.Found}, {middle.Invented.Count} | {oneDirection.Found} | {gaps.Sum(one => one.Found)} of {gaps.Length * race.Raced.Count}, {gaps.Sum(one => one.Invented.Count)} |");
        return (row, isTrue, race.Raced.Count > 0);
    }

    private static string Each(CaptureComparison[] whole, Func<CaptureComparison, int> count) => string.Join(" / ", whole.Select(count));

    // From a packet in a hundred to one in five.
    private static CaptureComparison WithGaps(CapturedRace race, int seed)
    {
        var random = new Random(seed);
        return race.Compare($"gaps {seed}", PcapEditor.Only(File.ReadAllBytes(race.PathOf(CapturedRace.AtClient)), _ => random.Next(100) >= 1 + (seed % 20)));
    }
}
