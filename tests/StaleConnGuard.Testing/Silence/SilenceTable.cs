using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>The rows of the silence suite as a table in Markdown.</summary>
public static class SilenceTable
{
    public static string Of(IEnumerable<SilenceRow> rows) => string.Join(
        '\n',
        [
            "Failed requests of all, and the time to the answer or the failure: median, longest.",
            string.Empty,
            "| protocol | flow forgotten | method | plain: failed | plain: seconds | guarded: failed | guarded: seconds | executed twice: plain, guarded |",
            "|---|---|---|---|---|---|---|---|",
            .. rows.Select(Row),
        ]);

    private static string Row(SilenceRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {row.Protocol} | {Name(row.Kind)} | {row.Method} | {Failed(row.Plain)} | {Seconds(row.Plain)} | {Failed(row.Guarded)} | {Seconds(row.Guarded)} | {Twice(row.Plain)}, {Twice(row.Guarded)} |");

    private static string Name(SilenceKind kind) => kind switch
    {
        SilenceKind.BothWays => "both ways",
        SilenceKind.ToServer => "to the server",
        SilenceKind.ToClient => "to the client",
        SilenceKind.AllButAcks => "all but ACKs",
        _ => "answered with a reset",
    };

    private static string Failed(IReadOnlyList<SilenceOutcome> outcomes) => $"{outcomes.Count(o => o.Failure is not null)} of {outcomes.Count}";

    private static int Twice(IReadOnlyList<SilenceOutcome> outcomes) => outcomes.Count(o => o.Executions > 1);

    private static string Seconds(IReadOnlyList<SilenceOutcome> outcomes)
    {
        TimeSpan[] sorted = [.. outcomes.Select(o => o.Elapsed).Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2].TotalSeconds:0.00}, {sorted[^1].TotalSeconds:0.00}");
    }
}
