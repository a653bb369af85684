using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Lab;

/// <summary>Two runs on one machine, of two users perhaps, do not meet in what their servers share.</summary>
public class SharedMachineTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Squid names its shared memory after its service: with one name for all, the second user's may not open the first one's.</summary>
    [Fact]
    public async Task Squid_RunByTwoUsersAtOnce_BothServeAndLeaveNothingBehind()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("squid", out string reason), reason);
        Requirement.MetOrSkip(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "running a server as another user needs root");
        HashSet<string> before = SharedMemory();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("staleconn-squid-other-");
        using (Process own = Process.Start("chown", ["65534:65534", folder.FullName]))
        {
            await own.WaitForExitAsync();
        }

        int port = FreePort();
        Process? others = null;
        await using (RealServer ours = await RealServer.StartAsync("squid", TimeSpan.FromSeconds(60)))
        {
            try
            {
                // The script is the other user's as well: it may be in a folder that nobody else may enter.
                string script = Path.Combine(folder.FullName, "start");
                File.Copy(Repository.PathOf("tests/servers/squid"), script);
                others = Process.Start(new ProcessStartInfo(
                    "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "bash", script, "127.0.0.1", port.ToString(CultureInfo.InvariantCulture), "60"]) { WorkingDirectory = folder.FullName })!;

                (await ListensAsync(port, others)).ShouldBeTrue("the other user's did not start");
                (await ListensAsync(ours.Address.Port, null)).ShouldBeTrue("ours does not listen any more");
            }
            finally
            {
                if (others is { HasExited: false })
                {
                    // Squid removes its shared memory when it ends in good order.
                    using Process kill = Process.Start("kill", [others.Id.ToString(CultureInfo.InvariantCulture)]);
                    using var patience = new CancellationTokenSource(s_patience);
                    await others.WaitForExitAsync(patience.Token);
                }
            }
        }

        folder.Delete(recursive: true);
        SharedMemory().Except(before).Where(name => name.Contains("staleconnsquid", StringComparison.Ordinal) || name.StartsWith("squid-", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static HashSet<string> SharedMemory() => [.. Directory.EnumerateFiles("/dev/shm").Select(static path => Path.GetFileName(path))];

    private static async Task<bool> ListensAsync(int port, Process? process)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (process is not { HasExited: true } && TimeProvider.System.GetElapsedTime(started) < s_patience)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        return false;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
