using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Benchmarks;

/// <summary>A proxy as a process of its own, in a temporary folder of its own.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo? _folder;

    private ProxyProcess(Process process, DirectoryInfo? folder, Uri address) => (_process, _folder, Address) = (process, folder, address);

    public Uri Address { get; }

    /// <summary>Memory of the process, in megabytes.</summary>
    public double WorkingSet
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (1024.0 * 1024);
        }
    }

    public static async Task<ProxyProcess> StartAsync(ProxyContender contender, Uri upstream, TimeSpan timeout)
    {
        if (contender.Yarp is not YarpSetup.None)
        {
            Process child = Child.Start(YarpChild.Command, contender.Yarp.ToString(), upstream.ToString(), timeout.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
            return new ProxyProcess(child, folder: null, new Uri((await child.StandardOutput.ReadLineAsync())!));
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory($"staleconn-{contender.Script}-");
        int port = FreePort();
        string[] arguments = [IPAddress.Loopback.ToString(), port.ToString(CultureInfo.InvariantCulture), upstream.Authority];
        Process process = Process.Start(new ProcessStartInfo(contender.ScriptPath, contender.Setting.Length == 0 ? arguments : [.. arguments, contender.Setting])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var proxy = new ProxyProcess(process, folder, new Uri($"http://127.0.0.1:{port}/"));
        await proxy.WaitUntilListeningAsync(contender.Name);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder?.Delete(recursive: true);
    }

    private async Task WaitUntilListeningAsync(string name)
    {
        long started = Stopwatch.GetTimestamp();
        while (!_process.HasExited && Stopwatch.GetElapsedTime(started) < s_patience)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Address.Host, Address.Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
        }

        string log = Path.Combine(_folder!.FullName, "error.log");
        throw new InvalidOperationException($"{name} did not start: {(File.Exists(log) ? await File.ReadAllTextAsync(log) : "it does not listen")}");
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
