using StaleConnGuard.Cli;

namespace StaleConnGuard.Tests.Cli;

/// <summary>What holds for every command: bad arguments end with one line, and the help names every option.</summary>
internal static class CommandLineRun
{
    public static async Task ShouldRefuseAsync(string line, string option, string value, string accepted)
    {
        (int exitCode, string output, string error) = await RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        exitCode.ShouldBe(2);
        output.ShouldBeEmpty();
        error.TrimEnd('\r', '\n').ShouldNotContain("\n");
        error.ShouldContain(option);
        error.ShouldContain(value);
        error.ShouldContain(accepted);
    }

    public static async Task ShouldExplainAsync(string command, string[] options)
    {
        (int exitCode, string output, _) = await RunAsync([command, "--help"]);

        exitCode.ShouldBe(0);
        foreach (string option in options)
        {
            output.ShouldContain(option);
        }
    }

    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
