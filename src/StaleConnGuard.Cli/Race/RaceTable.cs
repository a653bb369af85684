using System.Globalization;
using Spectre.Console;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>The result of a race for people: a table, and what has to be said about it.</summary>
internal static class RaceTable
{
    private const int WidthWithoutTerminal = 120;

    public static void Write(RaceReport report, TextWriter output) => Write(report, Console(output));

    public static void Write(RaceReport report, IAnsiConsole console)
    {
        console.Write(Table(report));
        console.WriteLine();
        foreach (string note in Notes(report))
        {
            console.WriteLine(note);
        }
    }

    internal static IAnsiConsole Console(TextWriter output)
    {
        var target = new AnsiConsoleOutput(output);
        if (target.IsTerminal)
        {
            return AnsiConsole.Create(new AnsiConsoleSettings { Out = target });
        }

        // In a file nobody wants colours, and there is no width to keep to.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = target, Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = WidthWithoutTerminal;
        return console;
    }

    private static Table Table(RaceReport report)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn(string.Empty).NoWrap());
        string[] figures = ["requests", "raced", "failed", "executed\ntwice", "connections\nopened", "p50", "p99"];
        foreach (string figure in figures)
        {
            _ = table.AddColumn(new TableColumn(figure).RightAligned());
        }

        foreach (IGrouping<string, RaceReportLine> lines in report.Lines.GroupBy(line => line.Request, StringComparer.Ordinal))
        {
            _ = table.AddRow(new Markup($"[bold]{Markup.Escape(lines.Key)}[/]"));
            foreach (RaceReportLine line in lines)
            {
                _ = table.AddRow(Cells(line));
            }
        }

        return table;
    }

    private static string[] Cells(RaceReportLine line) =>
    [
        $"  {line.Contender}",
        Number(line.Tally.Requests),
        Number(line.Tally.Raced),
        GoodIfNone(line.Tally.Failed),
        line.ExecutedTwice is { } twice ? GoodIfNone(twice) : "?",
        Number(line.Tally.ConnectionsOpened),
        Milliseconds(line.Tally.Median),
        Milliseconds(line.Tally.Percentile99),
    ];

    private static IEnumerable<string> Notes(RaceReport report)
    {
        yield return "raced: lost in flight at least once, on a connection that the server closed. p50, p99: of those answered.";
        if (report.Lines.Any(line => line.ExecutedTwice is null))
        {
            yield return "?: only the embedded server counts executions. All clients share this server, so what the guard learns for one kind of request serves the next.";
        }

        yield return report.PlainClientFailed
            ? Verdict(report)
            : "THE RACE DID NOT HAPPEN: the plain client never failed, so this run shows nothing. Aim elsewhere (--idle), or send more (--requests).";
        foreach (RaceReportLine line in report.Lines.Where(line => line.Tally.Failed > 0))
        {
            yield return $"failed, {line.Contender}, {line.Request}: {string.Join(", ", line.Tally.Failures.Select(failure => $"{failure.Key} {Number(failure.Value)} times"))}";
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"Took {report.Took.TotalSeconds:0.0} s.");
    }

    private static string Verdict(RaceReport report)
    {
        RaceReportLine worst = report.Lines.Where(line => line.Contender == Contenders.Plain.Name).MaxBy(line => line.Tally.Failed)!;
        return $"{worst.Contender} failed {Number(worst.Tally.Failed)} of {Number(worst.Tally.Requests)} ({worst.Request}). "
            + "Without a body it fares better because the runtime itself sends such a request again, a POST as well, whatever became of the first.";
    }

    internal static string GoodIfNone(int count) => count == 0 ? "[green]0[/]" : $"[red]{Number(count)}[/]";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(TimeSpan? span) => span is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms") : "-";
}
