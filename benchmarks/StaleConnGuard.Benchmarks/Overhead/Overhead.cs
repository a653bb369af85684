using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>What each chain adds to a request that succeeds, over a handler that answers from memory, as a Markdown table.</summary>
internal static class Overhead
{
    public static async Task<int> RunAsync(string[] args)
    {
        int batches = args is ["--quick"] ? 100 : 500;
        foreach (bool yields in (bool[])[false, true])
        {
            foreach (OverheadRequest kind in Enum.GetValues<OverheadRequest>())
            {
                Write(kind, yields, await OverheadMeter.MeasureAsync(kind, yields, batches));
            }
        }

        return 0;
    }

    private static void Write(OverheadRequest kind, bool yields, IReadOnlyList<OverheadResult> results)
    {
        OverheadResult bare = results[0];
        OverheadResult standard = results[^1];
        Console.WriteLine();
        Console.WriteLine($"**{Describe(kind)}, the handler below {(yields ? "yields, as a connection does" : "answers at once")}**");
        Console.WriteLine();
        Console.WriteLine("| chain | time | bytes | time added | bytes added | time, of the standard shape's | bytes, of the standard shape's |");
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

    private static string Describe(OverheadRequest kind) => kind switch
    {
        OverheadRequest.Bare => "GET without headers",
        OverheadRequest.WithHeaders => "GET with three headers",
        _ => "POST of 100 bytes with three headers",
    };

    private static string Row(FormattableString row) => row.ToString(CultureInfo.InvariantCulture);
}
