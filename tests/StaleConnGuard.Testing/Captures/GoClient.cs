using System.Diagnostics;
using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>The HTTP client of Go, as it is: a client that is not ours, nor .NET's.</summary>
internal static class GoClient
{
    private static readonly string s_program = Repository.PathOf("tests/servers/built/go-client");

    /// <summary>Says whether it was built.</summary>
    public static bool IsAvailable(out string reason)
    {
        reason = File.Exists(s_program) ? string.Empty : "the Go client is not built (tests/servers/install)";
        return reason.Length == 0;
    }

    /// <summary>Sends a POST for each id over a connection of its own that has been idle for so long.</summary>
    /// <returns>The ids whose request failed.</returns>
    public static async Task<IReadOnlyList<string>> RaceAsync(Uri server, IReadOnlyCollection<(string Id, TimeSpan Age)> requests)
    {
        var start = new ProcessStartInfo(s_program, [server.GetLeftPart(UriPartial.Authority)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        foreach ((string id, TimeSpan age) in requests)
        {
            await process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{id} {age.TotalMilliseconds:0.###}"));
        }

        process.StandardInput.Close();
        string said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        string[] lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] failed = [.. lines.Where(line => !line.EndsWith(" ok", StringComparison.Ordinal) && !line.Contains(" lost ", StringComparison.Ordinal))];
        return lines.Length == requests.Count && failed.Length == 0
            ? [.. lines.Where(line => line.Contains(" lost ", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])]
            : throw new InvalidOperationException($"The Go client said: {said}");
    }
}
