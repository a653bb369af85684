using System.Diagnostics;

namespace StaleConnGuard.Testing;

/// <summary>A program of ours that is interrupted as Ctrl-C does it.</summary>
public static class InterruptibleProcess
{
    /// <summary>
    /// Starts the program with its output and errors redirected. A shell ignores SIGINT in what it runs in the background, children inherit
    /// that, and the runtime honours it: without a default of its own the program would pass this test or hang, depending on who started the tests.
    /// </summary>
    public static Process Start(string program, params string[] arguments)
    {
        ProcessStartInfo info = OperatingSystem.IsLinux() ? new("env", ["--default-signal=INT", program, .. arguments]) : new(program, arguments);
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        info.UseShellExecute = false;
        return Process.Start(info)!;
    }

    /// <summary>Sends SIGINT.</summary>
    public static async Task InterruptAsync(this Process process, CancellationToken cancellationToken)
    {
        using Process kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        await kill.WaitForExitAsync(cancellationToken);
    }
}
