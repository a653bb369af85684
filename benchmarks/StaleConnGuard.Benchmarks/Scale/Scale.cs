using System.Globalization;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>scale [--quick] [--results FOLDER]</c>: many connections and many origins: memory, look-ups, the first request after idleness.</summary>
internal static class Scale
{
    public static async Task<int> RunAsync(ResultOptions options)
    {
        int[] sizes = options.IsQuick ? [100, 1_000] : [1, 10, 100, 1_000, 10_000];
        int repeats = options.IsQuick ? 1 : 3;
        List<ScaleRow> rows = [];
        foreach (ScaleShape shape in Enum.GetValues<ScaleShape>())
        {
            foreach (int size in sizes)
            {
                Console.Error.WriteLine($"{shape}, {size} ...");
                rows.Add(new ScaleRow(shape, size, await MeasureAsync("plain", shape, size, repeats), await MeasureAsync("guarded", shape, size, repeats)));
            }
        }

        ScaleReport.Write(rows, LedgerRow.MeasureAll(options.IsQuick), options);
        return 0;
    }

    private static async Task<ScaleResult> MeasureAsync(string client, ScaleShape shape, int size, int repeats)
    {
        List<double[]> all = [];
        for (int i = 0; i < repeats; i++)
        {
            string[] said = await Child.RunAsync(ScaleOnce.Command, client, shape.ToString(), size.ToString(CultureInfo.InvariantCulture));
            all.Add([.. said.Select(word => double.Parse(word, CultureInfo.InvariantCulture))]);
        }

        double MedianOf(int column) => new Distribution(all.Select(run => run[column])).Median!.Value;
        return new ScaleResult(MedianOf(0) / size, MedianOf(1), MedianOf(2));
    }
}
