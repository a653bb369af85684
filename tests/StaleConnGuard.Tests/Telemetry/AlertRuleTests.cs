using System.Diagnostics;
using System.Text.RegularExpressions;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

/// <summary>The alert rules ask for what is exported, and fire when they should and not on healed requests.</summary>
public partial class AlertRuleTests
{
    private const string Promtool = "/usr/bin/promtool";
    private const string Folder = "docs/prometheus";

    [Fact]
    public async Task Rules_OverSeriesOfAllKinds_FireWhenTheyShould()
    {
        Requirement.MetOrSkip(File.Exists(Promtool), "promtool is not installed: Debian's package prometheus has it");
        var start = new ProcessStartInfo(Promtool, ["test", "rules", "staleconnguard.test.yml"])
        {
            WorkingDirectory = Repository.PathOf(Folder),
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        process.ExitCode.ShouldBe(0, await output + await error);
    }

    [Fact]
    public void Rules_AskForMetricsAndTags_ThatAreExported()
    {
        string rules = File.ReadAllText(Repository.PathOf($"{Folder}/staleconnguard.rules.yml"));
        string[] series = [.. DocumentedNamesTests.ExportedNames().SelectMany(metric => metric.Series)];
        string[] labels = [.. DocumentedNamesTests.ExportedNames().SelectMany(metric => metric.Labels)];

        string[] asked = [.. Metric().Matches(rules).Select(match => match.Value).Distinct()];
        asked.Length.ShouldBe(4);
        asked.ShouldAllBe(metric => series.Contains(metric));
        Grouping().Matches(rules).SelectMany(match => match.Groups["label"].Captures).Select(label => label.Value).ShouldAllBe(label => labels.Contains(label));
    }

    [GeneratedRegex(@"\bstaleconnguard_\w+_total\b", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Metric();

    [GeneratedRegex(@"\bby \((?<label>\w+)(, (?<label>\w+))*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Grouping();
}
