using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>What each chain adds to a request that succeeds, without a network: as Markdown tables, or in lines for the regression gate.</summary>
internal static class Overhead
{
    public static async Task<int> RunAsync(string[] args)
    {
        bool isGate = args is ["--gate"];
        int batches = isGate || args is ["--quick"] ? 60 : 500;
        foreach (Below below in Enum.GetValues<Below>())
        {
            foreach (OverheadRequest kind in Enum.GetValues<OverheadRequest>())
            {
                IReadOnlyList<OverheadResult> results = await OverheadMeter.MeasureAsync(isGate ? Chains.Gate : Chains.All, kind, below, batches);
                if (isGate)
                {
                    WriteLines(below, kind, results);
                }
                else
                {
                    WriteTable(below, kind, results);
                }
            }
        }

        return 0;
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
