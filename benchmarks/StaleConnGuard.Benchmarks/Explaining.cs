using System.Diagnostics;
using System.Globalization;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What <c>staleconn explain</c> stands: <c>explain-fuzz [inputs] [seed]</c>, and <c>explain-speed [megabytes]</c> on a capture that is made while it is read.</summary>
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

    private static double Peak()
    {
        using var self = Process.GetCurrentProcess();
        return (double)self.PeakWorkingSet64 / Megabyte;
    }
}
