using System.Text.Json;
using StaleConnGuard.Cli;

namespace StaleConnGuard.WireTests;

/// <summary>Runs <c>staleconn probe</c> in this process.</summary>
internal static class Probe
{
    public static async Task<JsonDocument> MeasureAsync(string line) => JsonDocument.Parse(await DescribeAsync($"{line} --json"));

    public static async Task<string> DescribeAsync(string line)
    {
        (int exitCode, string output, string error) = await RunAsync(line);
        exitCode.ShouldBe(CommandLine.Done, error);
        return output;
    }

    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string line)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(["probe", .. line.Split(' ')], output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
