using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>http2-syscalls</c>: system calls a request of a client over HTTP/2 on loopback, plain and guarded, counted by <c>strace</c>: what a long run makes more than a short one.
/// </summary>
internal static class Http2SystemCalls
{
    private static readonly LoopbackCase s_traffic = new(1, IsHttp2: true);

    private const int Short = 2_000;
    private const int Long = 12_000;

    public static async Task<int> RunAsync()
    {
        using LoopbackServer server = await LoopbackServer.StartAsync();
        Console.WriteLine("| client | system calls a request | of them getsockopt, setsockopt and ioctl |");
        Console.WriteLine("|---|---|---|");
        foreach (LoopbackContender client in (LoopbackContender[])[LoopbackContender.Plain, LoopbackContender.Guarded, LoopbackContender.Plain, LoopbackContender.Guarded])
        {
            Dictionary<string, int> few = await CountAsync(client, Short, server.For(s_traffic));
            Dictionary<string, int> many = await CountAsync(client, Long, server.For(s_traffic));
            double Each(Func<string, bool> which) => (many.Where(call => which(call.Key)).Sum(call => call.Value) - few.Where(call => which(call.Key)).Sum(call => call.Value)) / (double)(Long + LoopbackChild.LeadIn(Long) - Short - LoopbackChild.LeadIn(Short));

            // Waking threads and yielding the processor vary with the machine, for both.
            FormattableString row = $"| {client.Name} | {Each(static name => name is not ("futex" or "sched_yield")):0.00} | {Each(static name => name is "getsockopt" or "setsockopt" or "ioctl"):0.0000} |";
            Console.WriteLine(row.ToString(CultureInfo.InvariantCulture));
            foreach ((string name, int count) in many.OrderByDescending(static call => call.Value).Take(8))
            {
                Console.Error.WriteLine($"{client.Name}: {name} {count}");
            }
        }

        return 0;
    }

    private static async Task<Dictionary<string, int>> CountAsync(LoopbackContender client, int requests, Uri server)
    {
        string output = Path.GetTempFileName();
        try
        {
            using (LoopbackChild child = LoopbackChild.Start(s_traffic, server, client, quick: true, ["strace", "-c", "-f", "-o", output]))
            {
                await child.RunAsync(requests);
            }

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
