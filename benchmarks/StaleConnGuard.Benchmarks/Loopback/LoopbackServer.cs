using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// Kestrel in a process of its own, so that what it allocates and computes is not counted as the client's: this program again, with a
/// hidden command. It ends when its standard input does, however the parent ends.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    public const string Command = "loopback-server";

    private readonly Process _process;

    private readonly string[] _addresses;

    private LoopbackServer(Process process, string[] addresses)
    {
        _process = process;
        _addresses = addresses;
    }

    public Uri For(LoopbackCase traffic) => new(traffic switch
    {
        { Secure: true } => _addresses[1],
        { IsHttp2: true } => _addresses[2],
        _ => _addresses[0],
    });

    /// <summary>The hidden command: serves until standard input ends.</summary>
    public static async Task<int> RunAsync()
    {
        await using SoakHost host = await SoakHost.StartAsync(SoakHost.Noise(seed: 1));
        await Console.Out.WriteLineAsync($"{host.Plain} {host.Secure} {host.PlainHttp2}");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    public static async Task<LoopbackServer> StartAsync()
    {
        // Run as "dotnet this.dll" the process is the host, which wants to be told the program again.
        string host = Environment.ProcessPath!;
        string[] arguments = Path.GetFileNameWithoutExtension(host) == "dotnet" ? [Environment.GetCommandLineArgs()[0], Command] : [Command];
        Process process = Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        string[] addresses = (await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.")).Split(' ');
        return new LoopbackServer(process, addresses);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
