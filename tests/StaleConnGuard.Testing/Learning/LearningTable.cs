using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>The results of learning races as a table in Markdown.</summary>
public static class LearningTable
{
    public static string Of(IEnumerable<LearningResult> results)
    {
        var lines = new List<string>
        {
            "| server, idle timeout 2 s | closes at, s | plain: POSTs, failed | guarded: POSTs before it knew, stale hits | after, stale hits | failed (resets) | executed twice | learned, s | limit, s |",
            "|---|---|---|---|---|---|---|---|---|",
        };
        lines.AddRange(results.Select(Row));
        return string.Join('\n', lines);
    }

    private static string Row(LearningResult result)
    {
        int before = result.Guarded.Count(sent => !sent.Knew);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {result.Server} | {Seconds(result.ClosingAges[0])}..{Seconds(result.ClosingAges[^1])} | {result.Plain.Count}, {result.PlainFailed} | {before}, {result.HitsBefore} | {result.Guarded.Count - before}, {result.HitsAfter} | {result.GuardedFailures.Count} ({result.Resets}) | {result.ExecutedTwice} | {Seconds(result.Known.Learned)} | {Seconds(result.Known.Limit)} |");
    }

    private static string Seconds(TimeSpan? span) => span is { } known ? known.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture) : "–";
}
