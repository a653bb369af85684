using System.Globalization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>The rows of the interop suite as a table in Markdown.</summary>
public static class InteropTable
{
    public static string Of(IEnumerable<InteropRow> rows)
    {
        string kinds = string.Join(" / ", InteropSuite.Kinds.Select(kind => kind.Name));
        return string.Join('\n',
            [
                $"Failed requests per kind: {kinds}.",
                string.Empty,
                "| server | version | closes at, s | advertises | requests per kind and client | raced: plain, defaults, configured | plain: failed | guarded, defaults: failed | guarded, configured: failed | executed twice: plain, guarded | why the guarded failed |",
                "|---|---|---|---|---|---|---|---|---|---|---|",
                .. rows.Select(Row),
            ]);
    }

    private static string Row(InteropRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {row.Server} | {row.Version} | {row.ClosingAges[0].TotalSeconds:0.000}..{row.ClosingAges[^1].TotalSeconds:0.000} | {row.Advertised} | {row.Races[0].Plain.Outcomes.Count} | {row.Raced(Plain)}, {row.Raced(Defaults)}, {row.Raced(Configured)} | {Failed(row, Plain)} | {Failed(row, Defaults)} | {Failed(row, Configured)} | {Twice(row)} | {Why(row)} |");

    private static RaceEntry Plain(InteropRace race) => race.Plain;

    private static RaceEntry Defaults(InteropRace race) => race.Defaults;

    private static RaceEntry Configured(InteropRace race) => race.Configured;

    private static string Failed(InteropRow row, Func<InteropRace, RaceEntry> client) =>
        string.Join(" / ", row.Races.Select(race => client(race).Outcomes.Count(outcome => outcome.Failure is not null)));

    private static string Twice(InteropRow row) => row.Executions is null
        ? "not counted"
        : $"{row.ExecutedTwice(Plain)}, {row.ExecutedTwice(Defaults) + row.ExecutedTwice(Configured)}";

    private static string Why(InteropRow row) => string.Join(", ", row.Outcomes(Defaults).Concat(row.Outcomes(Configured))
        .Where(outcome => outcome.Failure is not null)
        .CountBy(outcome => Racing.FailureKind.Of(outcome.Failure!), StringComparer.Ordinal)
        .Select(kind => $"{kind.Value} {kind.Key}"));
}
