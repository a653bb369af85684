using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// The far side of the race, link and servers, in a process of its own: what stops the clients does not stop packets. This program again, with a
/// hidden command; it ends when its standard input does, however the parent ends.
/// </summary>
internal sealed class RaceServersProcess : IDisposable
{
    public const string Command = "race-servers";

    private const string RaceBegins = "begin";
    private const string RaceHasEnded = "end";

    private readonly Process _process;
    private readonly Queue<Uri> _unused;

    private RaceServersProcess(Process process, IReadOnlyList<TimeSpan> connects, IEnumerable<string> addresses)
    {
        _process = process;
        _unused = new Queue<Uri>(addresses.Select(address => new Uri(address)));
        (ShortestConnect, MedianConnect) = (connects[0], connects[1]);
    }

    /// <summary>What the fastest of some bare sockets took to connect on the link, while nothing else was under way.</summary>
    public TimeSpan ShortestConnect { get; }

    /// <summary>What they took in the median.</summary>
    public TimeSpan MedianConnect { get; }

    /// <summary>The hidden command, with the servers' idle timeout and the delay each way in milliseconds and the number of servers.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        double[] numbers = [.. args.Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        await using var course = RaceCourse.Open(TimeSpan.FromMilliseconds(numbers[1]));
        if (!course.HasRealPackets)
        {
            await Console.Error.WriteLineAsync($"Nothing can be proven without a link of real packets: {course.WhyRelay}.");
            return 1;
        }

        IReadOnlyList<TimeSpan> connects = course.Calibrate();
        (RaceServer Server, Uri Address)[] servers =
            [.. Enumerable.Range(0, (int)numbers[2]).Select(_ => course.AddServer(new RaceServerOptions { IdleTimeout = TimeSpan.FromMilliseconds(numbers[0]) }))];
        Say([Milliseconds(connects[0]), Milliseconds(connects[connects.Count / 2]), .. servers.Select(server => server.Address.ToString())]);

        QuietHeap? heap = null;
        while (await Console.In.ReadLineAsync() is { } told)
        {
            if (told is RaceBegins)
            {
                heap?.Dispose();
                heap = new QuietHeap();
            }

            Say([heap!.Collections.ToString(CultureInfo.InvariantCulture), .. servers.SelectMany(server => server.Server.Executions.ExecutedTwice)]);
        }

        heap?.Dispose();
        return 0;
    }

    /// <summary>Starts the link and so many servers behind it.</summary>
    /// <exception cref="InvalidOperationException">There can be no link of real packets here.</exception>
    public static async Task<RaceServersProcess> StartAsync(TimeSpan idleTimeout, TimeSpan delayEachWay, int servers)
    {
        Process process = Child.Start(Command, Milliseconds(idleTimeout), Milliseconds(delayEachWay), servers.ToString(CultureInfo.InvariantCulture));
        return await process.StandardOutput.ReadLineAsync() is { } said && said.Split(' ') is [string shortest, string median, .. string[] addresses]
            ? new RaceServersProcess(process, [Milliseconds(shortest), Milliseconds(median)], addresses)
            : throw new InvalidOperationException("The servers of the race did not start.");
    }

    /// <summary>The address of a server that nobody has used.</summary>
    public Uri TakeServer() => _unused.Dequeue();

    /// <summary>Tells the servers to clean up now and not while the race is on.</summary>
    public async Task BeginRaceAsync() => await AskAsync(RaceBegins);

    /// <summary>How often the servers' collector ran since the race began, and the ids of the requests that some server executed more than once.</summary>
    public async Task<(int Collections, IReadOnlySet<string> ExecutedTwice)> EndRaceAsync()
    {
        string[] said = await AskAsync(RaceHasEnded);
        return (int.Parse(said[0], CultureInfo.InvariantCulture), said.Skip(1).ToHashSet(StringComparer.Ordinal));
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

    private async Task<string[]> AskAsync(string what)
    {
        await _process.StandardInput.WriteLineAsync(what);
        string said = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The servers of the race are gone.");
        return said.Split(' ');
    }

    private static void Say(IEnumerable<string> words) => Console.Out.WriteLine(string.Join(' ', words));

    private static string Milliseconds(TimeSpan span) => span.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);

    private static TimeSpan Milliseconds(string text) => TimeSpan.FromMilliseconds(double.Parse(text, CultureInfo.InvariantCulture));
}
