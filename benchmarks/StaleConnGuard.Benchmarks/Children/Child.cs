using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>This program again, as a process of its own: what is measured there starts cold, and shares no heap and no descriptors.</summary>
internal static class Child
{
    public static Process Start(params string[] args) => Start([], variable: null, args);

    /// <summary>The same behind another command, and with a variable in its environment.</summary>
    public static Process Start(string[] wrapper, (string Name, string Value)? variable, string[] args)
    {
        string program = Environment.ProcessPath!;
        string[] line = [.. wrapper, program, .. Path.GetFileNameWithoutExtension(program) is "dotnet" ? [typeof(Child).Assembly.Location] : Array.Empty<string>(), .. args];
        var start = new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        if (variable is var (name, value))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs it to its end; the words of the last line it says.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<string[]> RunAsync(params string[] args)
    {
        using Process child = Start(args);
        string said = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return child.ExitCode == 0 && said.Trim() is { Length: > 0 } text
            ? text.Split('\n')[^1].Split(' ')
            : throw new InvalidOperationException($"{string.Join(' ', args)} ended with {child.ExitCode}: {said}");
    }
}
