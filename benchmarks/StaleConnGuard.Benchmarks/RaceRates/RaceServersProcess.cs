using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// The far side of the race, link and servers, in a process of its own: when the collector stops the clients, packets go on. This program again, with
/// a hidden command; it ends when its standard input does, however the parent ends.
/// </summary>
internal sealed class RaceServersProcess : IDisposable
{
    public const string Command = "race-servers";

    private readonly Process _process;
    private readonly Queue<Uri> _unused;

    private RaceServersProcess(Process process, IEnumerable<Uri> addresses)
    {
        _process = process;
        _unused = new Queue<Uri>(addresses);
    }

    /// <summary>The hidden command, with the servers' idle timeout and the delay each way in milliseconds and the number of servers.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        TimeSpan[] times = [.. args.Take(2).Select(text => TimeSpan.FromMilliseconds(double.Parse(text, CultureInfo.InvariantCulture)))];
        await using var course = RaceCourse.Open(times[1]);
        if (!course.HasRealPackets)
        {
            await Console.Error.WriteLineAsync($"Nothing can be proven without a link of real packets: {course.WhyRelay}.");
            return 1;
        }

        (RaceServer Server, Uri Address)[] servers =
            [.. Enumerable.Range(0, int.Parse(args[2], CultureInfo.InvariantCulture)).Select(_ => course.AddServer(new RaceServerOptions { IdleTimeout = times[0] }))];
        await Console.Out.WriteLineAsync(string.Join(' ', servers.Select(server => server.Address)));
        while (await Console.In.ReadLineAsync() is not null)
        {
            await Console.Out.WriteLineAsync(string.Join(' ', servers.SelectMany(server => server.Server.Executions.ExecutedTwice)));
        }

        return 0;
    }

    /// <summary>Starts the link and so many servers behind it.</summary>
    /// <exception cref="InvalidOperationException">There can be no link of real packets here.</exception>
    public static async Task<RaceServersProcess> StartAsync(TimeSpan idleTimeout, TimeSpan delayEachWay, int servers)
    {
        string[] args = [Command, .. new[] { idleTimeout.TotalMilliseconds, delayEachWay.TotalMilliseconds, servers }.Select(number => number.ToString(CultureInfo.InvariantCulture))];
        ProcessStartInfo startInfo = Child.StartInfo(args);

        // Room for all that the servers allocate in a race: a collection would hold up every packet on the link. Hexadecimal: 512 MiB.
        startInfo.Environment["DOTNET_GCgen0size"] = "20000000";
        Process process = Process.Start(startInfo)!;
        string? addresses = await process.StandardOutput.ReadLineAsync();
        return addresses is not null
            ? new RaceServersProcess(process, addresses.Split(' ').Select(address => new Uri(address)))
            : throw new InvalidOperationException("The servers of the race did not start.");
    }

    /// <summary>The address of a server that nobody has used.</summary>
    public Uri TakeServer() => _unused.Dequeue();

    /// <summary>The ids of the requests that some server executed more than once, until now.</summary>
    public async Task<IReadOnlySet<string>> ReadExecutedTwiceAsync()
    {
        await _process.StandardInput.WriteLineAsync();
        string ids = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The servers of the race are gone.");
        return ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
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
