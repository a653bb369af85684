using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Lab;

/// <summary>
/// Runs this program once more as a child in a user namespace and a network namespace of its own, where it may make links although its user is not root. A process
/// that has threads cannot move there itself.
/// </summary>
public static class UserNamespace
{
    private const string Marker = "STALECONN_IN_A_NAMESPACE";
    private const string Unshare = "/usr/bin/unshare";

    /// <summary>Gets whether this process is such a child.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Marker) is "1";

    /// <summary>To be called in the child before anything else: a new network namespace has a loopback device that is switched off.</summary>
    public static void Prepare()
    {
        try
        {
            TunDevice.SwitchOn("lo");
        }
        catch (Win32Exception)
        {
            // Then whatever needs it says so.
        }
    }

    /// <summary>Why there is no child; null when it can be had. Tries it out, which takes milliseconds.</summary>
    public static string? FindReasonAgainst()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "it needs Linux";
        }

        if (!File.Exists(Unshare))
        {
            return $"there is no {Unshare}";
        }

        using Process? trial = Process.Start(StartInfo(["true"], quiet: true));
        string said = trial!.StandardError.ReadToEnd();
        trial.WaitForExit();
        return trial.ExitCode == 0 ? null : said.Trim().ReplaceLineEndings(" ");
    }

    /// <summary>Runs this program there with these arguments, on the same terminal, and hands signals on to it.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        string self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, Environment.GetCommandLineArgs()[0]] : [self];
        ProcessStartInfo start = StartInfo([.. program, .. arguments], quiet: false);
        start.Environment[Marker] = "1";
        using Process child = Process.Start(start)!;

        // Ctrl-C reaches the whole group, a supervisor's signal this process alone.
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            _ = Native.Kill(child.Id, Native.Terminate);
        });
        await child.WaitForExitAsync();
        return child.ExitCode;
    }

    private static ProcessStartInfo StartInfo(string[] command, bool quiet) =>
        new(Unshare, ["--user", "--map-root-user", "--net", "--", .. command]) { UseShellExecute = false, RedirectStandardError = quiet, RedirectStandardOutput = quiet };
}
