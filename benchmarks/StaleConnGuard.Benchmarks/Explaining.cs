using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// What <c>staleconn explain</c> stands: <c>explain-fuzz [inputs] [seed]</c>, <c>explain-speed [megabytes]</c> on a capture that is made while it is read, and
/// <c>explain-truth [requests] [rounds] [server…]</c>, captures of real races with the truth beside them, and <c>explain-example folder</c>, the example of docs/explain.md. Those two need root and what <c>tests/servers/install</c> installs.
/// </summary>
internal static class Explaining
{
    private const int Megabyte = 1024 * 1024;

    public static int Fuzz(string[] arguments)
    {
        long inputs = arguments.Length > 0 ? long.Parse(arguments[0], CultureInfo.InvariantCulture) : 10_000_000;
        int seed = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 1;
        int workers = Environment.ProcessorCount;
        long start = Stopwatch.GetTimestamp();
        (long Captures, long Frames, TimeSpan Longest)[] done = new (long, long, TimeSpan)[workers];
        _ = Parallel.For(0, workers, worker => done[worker] = CaptureFuzz.Run((inputs / workers) + (worker < inputs % workers ? 1 : 0), seed + worker));
        Console.WriteLine($"{inputs} inputs, seeds {seed} to {seed + workers - 1}: {done.Sum(worker => worker.Captures)} read as captures, {done.Sum(worker => worker.Frames)} frames; no exception, the longest input took {done.Max(worker => worker.Longest.TotalMilliseconds):0} ms; {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s, {Peak():0} MiB at most");
        return 0;
    }

    public static int Speed(string[] arguments)
    {
        long megabytes = arguments.Length > 0 ? long.Parse(arguments[0], CultureInfo.InvariantCulture) : 1024;
        long start = Stopwatch.GetTimestamp();
        using var endless = new EndlessCaptureStream(megabytes * Megabyte);
        Explanation explanation = new CaptureAnalysis().Run(CaptureReader.Open(endless));
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Console.WriteLine($"{explanation.Bytes / Megabyte} MiB, {explanation.Frames} frames, {explanation.Connections} connections ({explanation.MostOpen} open at once at most), {explanation.Verdicts[Verdict.LostInFlight]} requests lost: {took.TotalSeconds:0.0} s, {Peak():0} MiB at most");
        return took < TimeSpan.FromMinutes(1) ? 0 : 1;
    }

    public static async Task<int> TruthAsync(string[] arguments)
    {
        int requests = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 12;
        int rounds = arguments.Length > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 4;
        bool isTrue = true;
        Console.WriteLine(CaptureTruth.Head);
        foreach (string server in arguments.Length > 2 ? arguments[2..] : CaptureTruth.Servers)
        {
            (string row, bool isRowTrue, bool isRaced) = await CaptureTruth.RunAsync(server, requests, rounds);
            Console.WriteLine(row);
            isTrue &= isRowTrue;
            if (!isRaced)
            {
                isTrue = false;
                await Console.Error.WriteLineAsync($"{server}: no race happened, so nothing is shown; run it again.");
            }
        }

        return isTrue ? 0 : 1;
    }

    /// <summary>nginx as a gateway in front of Apache with its default of 5 s: captured at the gateway before and after its setting was changed.</summary>
    public static async Task<int> ExampleAsync(string folder)
    {
        const int Clients = 24;
        const int Rounds = 6;
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(25));
        await using RealServer server = await RealServer.StartAsync("apache", TimeSpan.FromSeconds(5), link);
        IReadOnlyList<TimeSpan> ages = await IdleTimeoutProbe.MeasureClosingAgesAsync(server.Address, TimeSpan.FromSeconds(10));
        foreach ((string name, string keepAlive) in ((string, string)[])[("before", "60s"), ("after", "4000ms")])
        {
            // As nginx is by default: what is idempotent it sends again by itself.
            var settings = new Dictionary<string, string> { ["UPSTREAM_KEEPALIVE"] = keepAlive, ["PROXY_NEXT_UPSTREAM"] = "error timeout" };
            await using RealServer gateway = await RealServer.StartAsync("nginx-proxy", TimeSpan.FromMinutes(1), upstream: server.Address, settings: settings);
            await using TcpDump dump = await TcpDump.StartAsync(Path.Combine(folder, $"{name}.pcap"), "any", $"tcp port {server.Address.Port}", snapLength: 128);
            IReadOnlyList<BurstOutcome> outcomes = await GatewayRace.RunAsync(gateway.Address, AimWindow.Around(ages[0], link.DelayEachWay * 2), Clients, Rounds, isLossExpected: name == "before");
            await dump.StopAsync();
            Console.WriteLine($"{name}, keepalive_timeout {keepAlive}: {outcomes.Count} requests, {outcomes.Count(outcome => outcome.Status == 502)} answered with 502");
        }

        return 0;
    }

    private static double Peak()
    {
        using var self = Process.GetCurrentProcess();
        return (double)self.PeakWorkingSet64 / Megabyte;
    }
}
