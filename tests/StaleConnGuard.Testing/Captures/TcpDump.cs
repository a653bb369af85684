using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>A running tcpdump that writes a file. Ends by an interrupt, so that the file is whole.</summary>
public sealed class TcpDump : IAsyncDisposable
{
    private const string Program = "/usr/bin/tcpdump";

    private readonly Process _process;
    private bool _isOver;

    private TcpDump(Process process, string path) => (_process, Path) = (process, path);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many packets it could not take, once it has ended.</summary>
    public int Dropped { get; private set; }

    /// <summary>Says whether tcpdump is installed.</summary>
    public static bool IsAvailable(out string reason)
    {
        reason = File.Exists(Program) ? string.Empty : "tcpdump is not installed (tests/servers/install)";
        return reason.Length == 0;
    }

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="path">The file that it writes.</param>
    /// <param name="device">The interface; <c>any</c> for all.</param>
    /// <param name="filter">What it captures.</param>
    /// <param name="inside">The link in whose server's namespace it runs; null for here.</param>
    /// <param name="snapLength">How much of a packet it keeps. The ring holds so many bytes for each packet, so that a large figure loses packets in a burst.</param>
    public static async Task<TcpDump> StartAsync(string path, string device, string filter, DelayedLink? inside = null, int snapLength = 2048)
    {
        var start = new ProcessStartInfo(
            Program,
            ["-i", device, "-n", "-U", "--immediate-mode", "-Z", "root", "-B", "16384", "-s", snapLength.ToString(CultureInfo.InvariantCulture), "-w", path, filter])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        Process process = inside is null ? Process.Start(start)! : inside.StartInServerNamespace(start);
        var dump = new TcpDump(process, path);
        string said = string.Empty;
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            said += line;
            if (line.Contains("listening on", StringComparison.Ordinal))
            {
                return dump;
            }
        }

        await dump.DisposeAsync();
        throw new InvalidOperationException($"tcpdump: {said}");
    }

    /// <summary>Waits for stragglers and ends it.</summary>
    public async Task StopAsync()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        await Task.Delay(TimeSpan.FromMilliseconds(700));
        using (Process kill = Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        string said = await _process.StandardError.ReadToEndAsync();
        string? dropped = said.Split('\n').FirstOrDefault(line => line.Contains("dropped by kernel", StringComparison.Ordinal));
        Dropped = dropped is null ? 0 : int.Parse(dropped.Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await StopAsync();
        }

        _process.Dispose();
    }
}
