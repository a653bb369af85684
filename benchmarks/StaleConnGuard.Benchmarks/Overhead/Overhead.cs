using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// What each chain adds to a request that succeeds, without a network: as Markdown tables, by BenchmarkDotNet; or for the regression gate in
/// lines, by turns, in the seconds that a test has.
/// </summary>
internal static class Overhead
{
    private const int GateBatches = 60;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["--gate"])
        {
            foreach ((Below below, OverheadRequest kind) in Cases())
            {
                WriteLines(below, kind, await OverheadMeter.MeasureAsync(Chains.Gate, kind, below, GateBatches));
            }

            return 0;
        }

        bool quick = args is ["--quick"];
        if (!Measure(Chains.All, Cases(), quick))
        {
            return 1;
        }

        Console.WriteLine();
        Console.WriteLine("A client that has handlers of the application's own, which may send a request more than once:");
        return Measure(Chains.MayRepeat, Cases().Where(static one => one.Kind is OverheadRequest.Post), quick) ? 0 : 1;
    }

    private static bool Measure(IReadOnlyList<Chain> chains, IEnumerable<(Below Below, OverheadRequest Kind)> cases, bool quick)
    {
        InMemoryBenchmark.Compared = chains;
        OverheadRequest[] kinds = [.. cases.Select(static one => one.Kind).Distinct()];
        ManualConfig config = Config(quick).AddFilter(new SimpleFilter(one => one.Parameters[nameof(InMemoryBenchmark.Request)] is OverheadRequest kind && kinds.Contains(kind)));
        Summary summary = BenchmarkRunner.Run<InMemoryBenchmark>(config);
        if (summary.HasCriticalValidationErrors || summary.Reports.IsEmpty || summary.Reports.Any(static report => !report.Success))
        {
            Console.Error.WriteLine("Not everything was measured.");
            return false;
        }

        foreach ((Below below, OverheadRequest kind) in cases)
        {
            WriteTable(below, kind, [.. chains.Select(chain => ResultOf(summary, below, kind, chain))]);
        }

        return true;
    }

    private static IEnumerable<(Below Below, OverheadRequest Kind)> Cases() =>
        from below in Enum.GetValues<Below>()
        from kind in Enum.GetValues<OverheadRequest>()
        select (below, kind);

    /// <summary>In this process, and nothing on the output but the tables.</summary>
    private static ManualConfig Config(bool quick) => ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithIterationTime(TimeInterval.FromMilliseconds(quick ? 10 : 50))
            .WithWarmupCount(quick ? 2 : 10)
            .WithIterationCount(quick ? 2 : 80))
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddLogger(new StreamLogger(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true }))
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "StaleConnGuard.Benchmarks"));

    /// <summary>The least time of all iterations: what else the machine does only ever adds.</summary>
    private static OverheadResult ResultOf(Summary summary, Below below, OverheadRequest kind, Chain chain)
    {
        BenchmarkReport report = summary.Reports.Single(candidate => IsOf(candidate.BenchmarkCase.Parameters));
        return new OverheadResult(chain.Name, report.ResultStatistics!.Min, report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);

        bool IsOf(ParameterInstances parameters) =>
            parameters[nameof(InMemoryBenchmark.Below)] is Below b && b == below
            && parameters[nameof(InMemoryBenchmark.Request)] is OverheadRequest r && r == kind
            && parameters[nameof(InMemoryBenchmark.Chain)] is string name && name == chain.Name;
    }

    /// <summary>What is below, the request, the chain, bytes added, and the time as a multiple of the bare handler's, separated by tabs.</summary>
    private static void WriteLines(Below below, OverheadRequest kind, IReadOnlyList<OverheadResult> results)
    {
        OverheadResult bare = results[0];
        foreach (OverheadResult result in results.Skip(1))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{below}\t{kind}\t{result.Chain}\t{result.Bytes - bare.Bytes:0.0}\t{result.Nanoseconds / bare.Nanoseconds:0.00}"));
        }
    }

    private static void WriteTable(Below below, OverheadRequest kind, IReadOnlyList<OverheadResult> results)
    {
        OverheadResult bare = results[0];
        OverheadResult standard = results[^1];
        Console.WriteLine();
        Console.WriteLine($"**{kind.Describe()}, {below.Describe()}**");
        Console.WriteLine();
        Console.WriteLine("| chain | time | bytes | time added | bytes added | time added, of the standard handler's | bytes added, of the standard handler's |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (OverheadResult result in results)
        {
            double time = result.Nanoseconds - bare.Nanoseconds;
            double bytes = result.Bytes - bare.Bytes;
            Console.WriteLine(result == bare
                ? Row($"| {result.Chain} | {result.Nanoseconds:0} ns | {result.Bytes:0} B | | | | |")
                : Row($"| {result.Chain} | {result.Nanoseconds:0} ns | {result.Bytes:0} B | {time:0} ns | {bytes:0} B | {time / (standard.Nanoseconds - bare.Nanoseconds):0.00} | {bytes / (standard.Bytes - bare.Bytes):0.00} |"));
        }
    }

    private static string Row(FormattableString row) => row.ToString(CultureInfo.InvariantCulture);
}
