using System.Globalization;
using Spectre.Console;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Cli;

/// <summary>What a capture says, for people.</summary>
internal static class ExplainText
{
    private const int WidthWithoutTerminal = 160;
    private const int ShownFindings = 30;
    private const int ShownGroups = 8;

    public static void Write(Explanation explanation, ExplainArguments arguments, TextWriter output)
    {
        output.WriteLine(Header(explanation));
        output.WriteLine($"Captured {Wording.Of(explanation.VantagePoint)}");
        if (explanation.Copies > 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{explanation.Copies} packets were captured twice and counted once"));
        }

        if (explanation.Twins > 0)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{explanation.Twins} connections were captured again under translated addresses and counted once"));
        }

        output.WriteLine();
        foreach ((Verdict verdict, long count) in explanation.Verdicts.OrderBy(pair => pair.Key is Verdict.Unknown or Verdict.Open ? 1 : 0).ThenByDescending(pair => pair.Value))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,8}  {Wording.Of(verdict)}"));
        }

        foreach ((Reason reason, long count) in explanation.UnknownBecause.OrderByDescending(pair => pair.Value))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count,16}  {Wording.Of(reason)}"));
        }

        WriteCauses(explanation, output);
        WriteFindings(explanation, arguments, output);
    }

    /// <summary>One finding, on one line.</summary>
    public static string Line(Finding finding, bool redactPaths)
    {
        string request = finding.Request is { } facts ? $"  {Wording.Label(facts, redactPaths)}" : string.Empty;
        string idle = finding.Request is null ? Wording.Age(finding.IdleAtEnd) : Wording.Age(finding.IdleAtRequest);
        return $"{Wording.Time(finding.Time)}  {finding.Client} → {finding.Server}{request}  {Wording.Of(finding.Judgement.Verdict)}; idle {idle}; {Wording.Of(finding.Judgement.Reason)}; {Wording.Evidence(finding)}";
    }

    private static string Header(Explanation explanation) => string.Create(
        CultureInfo.InvariantCulture,
        $"{explanation.Frames} frames, {explanation.Connections} connections over {explanation.Duration.TotalSeconds:0.0} s");

    private static void WriteCauses(Explanation explanation, TextWriter output)
    {
        foreach (Cause cause in explanation.Causes)
        {
            output.WriteLine();
            output.WriteLine(cause.Sentence);
            if (cause.Presets.Count > 0)
            {
                output.WriteLine($"  fits the default of {string.Join(", ", cause.Presets.Select(preset => preset.Name))}");
            }

            if (cause.Nearest is { } nearest)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  fits no known default; the nearest is {nearest.Name} with {nearest.Timeout.TotalSeconds:0.###} s"));
            }

            if (cause.Ages is { Groups.Count: > 1 } ages)
            {
                output.WriteLine($"  closes by idle age: {string.Join(", ", ages.Groups.Take(ShownGroups).Select(Wording.Of))}{(ages.Groups.Count > ShownGroups ? ", …" : string.Empty)}");
            }

            if (explanation.VantagePoint is VantagePoint.Several)
            {
                output.WriteLine($"  captured {Wording.Of(explanation.Servers.First(server => server.Server == cause.Server).VantagePoint.Find())}");
            }

            if (cause.Settings.Count == 0)
            {
                continue;
            }

            output.WriteLine("  To set where the client is, so that it lets go first:");
            WriteSettings(cause.Settings, output);
            if (cause.ServerSettings.Count > 0)
            {
                output.WriteLine($"  or where the server is, above the longest idle age seen here ({Wording.Age(cause.LongestKept)}):");
                WriteSettings(cause.ServerSettings, output);
            }
        }
    }

    private static void WriteSettings(IEnumerable<Setting> settings, TextWriter output)
    {
        foreach (Setting setting in settings)
        {
            output.WriteLine($"    {setting.Where,-14}  {setting.Text}");
        }
    }

    private static void WriteFindings(Explanation explanation, ExplainArguments arguments, TextWriter output)
    {
        if (explanation.Findings.Count == 0)
        {
            return;
        }

        output.WriteLine();
        if (!arguments.IsLive)
        {
            WriteTable(explanation, arguments, output);
        }

        int shown = arguments.IsLive || arguments.All ? explanation.Findings.Count : Math.Min(ShownFindings, explanation.Findings.Count);
        if (explanation.FindingsInAll > shown)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{shown} of {explanation.FindingsInAll} shown; --json has up to 1000 of what went wrong, --html draws 50."));
        }
    }

    private static void WriteTable(Explanation explanation, ExplainArguments arguments, TextWriter output)
    {
        IAnsiConsole console = MakeConsole(output);
        Table table = new Table().Border(TableBorder.Simple);
        string[] columns = ["time", "client", "server", "request", "idle", "verdict", "evidence"];
        foreach (string column in columns)
        {
            _ = table.AddColumn(column);
        }

        foreach (Finding finding in explanation.Findings.Take(arguments.All ? int.MaxValue : ShownFindings))
        {
            _ = table.AddRow(
                new Text(Wording.Time(finding.Time)[11..]),
                new Text(finding.Client.ToString()),
                new Text(finding.Server.ToString()),
                new Text(finding.Request is { } request ? Wording.Label(request, arguments.RedactPaths) : "-"),
                new Text(Wording.Age(finding.Request is null ? finding.IdleAtEnd : finding.IdleAtRequest)),
                new Text(VerdictOf(finding)),
                new Text(Wording.Evidence(finding)));
        }

        console.Write(table);
    }

    private static string VerdictOf(Finding finding) => finding.Judgement.Verdict is Verdict.Unknown
        ? $"unknown: {Wording.Of(finding.Judgement.Reason)}"
        : Wording.Of(finding.Judgement.Verdict);

    private static IAnsiConsole MakeConsole(TextWriter output)
    {
        var target = new AnsiConsoleOutput(output);
        if (target.IsTerminal)
        {
            return AnsiConsole.Create(new AnsiConsoleSettings { Out = target });
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = target, Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = WidthWithoutTerminal;
        return console;
    }
}
