using System.Globalization;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>cold [--quick] [--results FOLDER]</c>: what the guard adds to the start of a program, with 1 and with 1,000 named clients.</summary>
internal static class Cold
{
    private static readonly string[] s_parts = ["register and build the provider", "create every client", "first request"];

    public static async Task<int> RunAsync(ResultOptions options)
    {
        int repeats = options.IsQuick ? 2 : 9;
        var page = new ResultPage("cold", "Cold start", options);
        page.Add($"""
            Each run in a new process, in which nothing has been compiled yet; the median of {repeats}, plain and guarded taken in turn. The clients are named clients of `IHttpClientFactory`; the first
            request goes over a connection in memory. Milliseconds.
            """);
        var table = new MarkdownTable("named clients", " what", "plain", "guarded", "added");
        foreach (int clients in new[] { 1, 1_000 })
        {
            (double[] plain, double[] guarded) = await MeasureAsync(clients, repeats);
            for (int part = 0; part < s_parts.Length; part++)
            {
                Add(table, clients, s_parts[part], plain[part], guarded[part]);
            }

            Add(table, clients, "all of it", plain.Sum(), guarded.Sum());
        }

        page.AddSection("cold", table.ToString());
        page.Write();
        return 0;
    }

    private static async Task<(double[] Plain, double[] Guarded)> MeasureAsync(int clients, int repeats)
    {
        List<double[]> plain = [];
        List<double[]> guarded = [];
        for (int i = 0; i < repeats; i++)
        {
            plain.Add(await MeasureOnceAsync("plain", clients));
            guarded.Add(await MeasureOnceAsync("guarded", clients));
        }

        return (Medians(plain), Medians(guarded));
    }

    private static async Task<double[]> MeasureOnceAsync(string client, int clients) =>
        [.. (await Child.RunAsync(ColdStart.Command, client, clients.ToString(CultureInfo.InvariantCulture))).Select(word => double.Parse(word, CultureInfo.InvariantCulture) / 1_000)];

    private static double[] Medians(List<double[]> runs) => [.. Enumerable.Range(0, s_parts.Length).Select(part => new Distribution(runs.Select(run => run[part])).Median!.Value)];

    private static void Add(MarkdownTable table, int clients, string what, double plain, double guarded) =>
        table.Add(clients.ToString("#,0", CultureInfo.InvariantCulture), what, Milliseconds(plain), Milliseconds(guarded), Milliseconds(guarded - plain));

    private static string Milliseconds(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
