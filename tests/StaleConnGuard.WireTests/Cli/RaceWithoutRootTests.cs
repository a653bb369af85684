using System.Diagnostics;
using System.Text.Json;
using StaleConnGuard.Lab;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Cli;

/// <summary><c>staleconn race</c> of a user who is not root: real packets all the same.</summary>
public class RaceWithoutRootTests
{
    private const string SetPrivileges = "/usr/bin/setpriv";

    [Fact]
    public async Task Race_OfNobody_IsOnRealPackets()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists(SetPrivileges), "only root can become another user, with setpriv");
        string? reason = UserNamespace.FindReasonAgainst();
        Requirement.MetOrSkip(reason is null, $"user namespaces are not allowed here: {reason}");

        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Nobody may not read everybody's folders.
        DirectoryInfo folder = Directory.CreateTempSubdirectory("staleconn");
        try
        {
            File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
            foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory))
            {
                string copy = Path.Combine(folder.FullName, Path.GetFileName(file));
                File.Copy(file, copy);
                File.SetUnixFileMode(copy, (UnixFileMode)0b110_100_100);
            }

            var start = new ProcessStartInfo(
                SetPrivileges,
                ["--reuid", "65534", "--regid", "65534", "--clear-groups", Environment.ProcessPath is { } host && Path.GetFileName(host) == "dotnet" ? host : "dotnet", Path.Combine(folder.FullName, "staleconn.dll"), "race", "--requests", "64", "--json"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = "/",
            };
            using Process race = Process.Start(start)!;
            Task<string> error = race.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await race.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await race.WaitForExitAsync(TestContext.Current.CancellationToken);

            race.ExitCode.ShouldBe(0, await error);
            using JsonDocument result = JsonDocument.Parse(output);
            result.RootElement.GetProperty("link").GetString().ShouldBe("packets", StringCompareShould.IgnoreCase);
            result.RootElement.GetProperty("plainClientFailed").GetBoolean().ShouldBeTrue($"the race must happen: {output}");
            JsonElement[] guarded = [.. result.RootElement.GetProperty("results").EnumerateArray().Where(line => line.ToString().Contains("guarded", StringComparison.Ordinal))];
            guarded.Length.ShouldBe(6);

            // A GET may be: on a machine that stands still for longer than the guard waits for an answer, it is sent again.
            guarded.ShouldAllBe(line => line.GetProperty("executedTwice").GetInt64() == 0 || line.GetProperty("request").GetString() == "GET");
            guarded.ShouldAllBe(line => line.GetProperty("failed").GetInt32() == 0 || line.ToString().Contains("nothing known", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
