using System.Diagnostics;
using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>http2-syscalls</c>: system calls a request of a client over HTTP/2 on loopback, plain and guarded, counted by <c>strace</c>: what a long run makes more than a short one.
/// </summary>
internal static class Http2SystemCalls
{
    public const string ClientCommand = "http2-client";

    private const int Short = 2_000;
    private const int Long = 12_000;

    public static async Task<int> RunAsync(string[] args)
    {
        using Http2CostServer server = await Http2CostServer.StartAsync();
        Console.WriteLine("| client | system calls a request | of them getsockopt, setsockopt and ioctl |");
        Console.WriteLine("|---|---|---|");
        foreach (string client in args.Length > 0 ? args : ["plain", "guarded", "plain", "guarded"])
        {
            Dictionary<string, int> few = await CountAsync(client, Short, server.Plain);
            Dictionary<string, int> many = await CountAsync(client, Long, server.Plain);
            double Each(Func<string, bool> which) => (many.Where(call => which(call.Key)).Sum(call => call.Value) - few.Where(call => which(call.Key)).Sum(call => call.Value)) / (double)(Long - Short);

            // Waking threads and yielding the processor vary with the machine, for both.
            FormattableString row = $"| {client} | {Each(static name => name is not ("futex" or "sched_yield")):0.00} | {Each(static name => name is "getsockopt" or "setsockopt" or "ioctl"):0.0000} |";
            Console.WriteLine(row.ToString(CultureInfo.InvariantCulture));
            foreach ((string name, int count) in many.OrderByDescending(static call => call.Value).Take(8))
            {
                Console.Error.WriteLine($"{client}: {name} {count}");
            }
        }

        return 0;
    }

    /// <summary>The hidden command: one request after the other.</summary>
    public static async Task<int> RunClientAsync(string[] args)
    {
        int requests = int.Parse(args[1], CultureInfo.InvariantCulture);
        using var client = new Http2CostClient(new Uri(args[2]), streams: 1, posts: false, guarded: args[0] == "guarded");
        _ = await client.RunAsync(requests);
        return 0;
    }

    private static async Task<Dictionary<string, int>> CountAsync(string client, int requests, Uri server)
    {
        string output = Path.GetTempFileName();
        try
        {
            using Process strace = Process.Start("strace", ["-c", "-f", "-o", output, .. Http2CostServer.Program, ClientCommand, client, requests.ToString(CultureInfo.InvariantCulture), server.ToString()]);
            await strace.WaitForExitAsync();
            return (await File.ReadAllLinesAsync(output))
                .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(static columns => columns.Length >= 5 && double.TryParse(columns[0], CultureInfo.InvariantCulture, out _) && columns[^1] != "total")
                .ToDictionary(static columns => columns[^1], static columns => int.Parse(columns[3], CultureInfo.InvariantCulture));
        }
        finally
        {
            File.Delete(output);
        }
    }
}
