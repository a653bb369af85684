using System.Text.RegularExpressions;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>The figures on the first screen are those of the committed results.</summary>
public partial class HeadlineTests
{
    private static readonly string s_readme = File.ReadAllText(Repository.PathOf("README.md"));

    [Fact]
    public void Race_OfTheFirstTable_IsThatOfTheResult()
    {
        Dictionary<string, string[]> rows = PostRows();
        Cells("race.md").ShouldBe([rows["HttpClient as it is"][2], "0"]);
        rows["guarded, nothing known"][2].ShouldBe("0");
        rows["guarded, timeout configured"][2].ShouldBe("0");
        s_readme.ShouldContain($"of {rows["HttpClient as it is"][0]}](benchmarks/results/race.md)");
    }

    [Fact]
    public void Breaker_OfTheFirstTable_IsThatOfTheResult()
    {
        string[] row = Section("resilience.md", "breaker").Single(cells => cells is ["standard", "POST", "FIN", ..]);
        string[] alone = row[3].Split(" / ");
        string[] guarded = row[4].Split(" / ");
        alone[0].ShouldBe(alone[1], "all of them because the circuit was open");
        Cells("resilience.md").ShouldBe([alone[0], guarded[0]]);
    }

    [Fact]
    public void Proxies_OfTheFirstTable_AreThoseOfTheResult()
    {
        // The page shows what the results have, where they have it: MarkedSectionsTests compares the two.
        string section = MarkedSections.Read(File.ReadAllText(Repository.PathOf("docs/reverse-proxy.md")))["proxies-slow"];
        string[][] rows = [.. TableOf(section).Where(cells => cells[0] == "uwsgi")];
        Cells("docs/reverse-proxy.md").ShouldBe([.. rows.Select(cells => cells[4].Trim('*'))], "the third row of the README's first table");
    }

    [Fact]
    public void Race_OfTheSecondTable_IsThatOfTheResult()
    {
        Dictionary<string, string[]> rows = PostRows();
        string[][] shown = [.. TableOf(MarkedSections.Read(s_readme)["race-post"])];
        shown.Length.ShouldBe(rows.Count);
        foreach (string[] cells in shown)
        {
            string[] row = rows[cells[0]];
            cells[1..].ShouldBe([row[0], row[1], row[2], row[3], row[5], row[6]], cells[0]);
        }
    }

    /// <summary>A row of the first table without its name: what stands there without and with the guard.</summary>
    private static string[] Cells(string result) =>
        [.. TableOf(s_readme).Single(cells => cells.Length == 3 && cells[0].Contains(result, StringComparison.Ordinal))[1..].Select(cell => cell.Trim('*'))];

    private static string[][] Section(string file, string name) =>
        [.. TableOf(MarkedSections.Read(File.ReadAllText(Repository.PathOf($"benchmarks/results/{file}")))[name])];

    private static IEnumerable<string[]> TableOf(string markdown) =>
        markdown.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())
            .SkipWhile(cells => !cells[0].StartsWith("---", StringComparison.Ordinal)).Where(cells => !cells[0].StartsWith("---", StringComparison.Ordinal));

    /// <summary>What the terminal showed of POST with a JSON body in the first race: requests, raced, failed, executed twice, connections, p50, p99.</summary>
    private static Dictionary<string, string[]> PostRows()
    {
        string text = File.ReadAllText(Repository.PathOf("benchmarks/results/race.md"));
        int from = text.IndexOf("  POST, JSON body\n", StringComparison.Ordinal);
        int to = text.IndexOf("  POST, no body\n", StringComparison.Ordinal);
        return Row().Matches(text[from..to]).ToDictionary(
            match => match.Groups["client"].Value,
            match => match.Groups["figure"].Captures.Select(figure => figure.Value.Trim()).ToArray(),
            StringComparer.Ordinal);
    }

    [GeneratedRegex(@"^    (?<client>\S.*?)(?<figure>  +[\d.]+( ms)?)+$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Row();
}
