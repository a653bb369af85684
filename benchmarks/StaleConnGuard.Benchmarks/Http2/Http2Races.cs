using System.Globalization;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>http2 [workers] [rounds] [server…]</c>: the table of HTTP/2 races. Needs root and what <c>tests/servers/install</c> installs.</summary>
internal static class Http2Races
{
    public static async Task<int> RunAsync(string[] args)
    {
        int workers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
        bool twice = false;
        var missed = new List<string>();
        var why = new List<string>();
        Console.WriteLine("Failed / raced, of " + (workers * rounds) + " requests a cell; in brackets what was executed twice.");
        Console.WriteLine();
        Console.WriteLine($"| server | client | {string.Join(" | ", Http2Race.Kinds)} |");
        Console.WriteLine($"|---|---|{string.Concat(Http2Race.Kinds.Select(static _ => "---|"))}");
        foreach (string server in args.Length > 2 ? args[2..] : Http2Suite.Servers)
        {
            IReadOnlyList<Http2Row> rows = await Http2Suite.RunAsync(server, workers, rounds);
            foreach (IGrouping<string, Http2Row> client in rows.GroupBy(static row => row.Client))
            {
                Console.WriteLine($"| {server} | {client.Key} | {string.Join(" | ", client.Select(Cell))} |");
            }

            why.AddRange(rows.Where(static row => row.Client != "plain").SelectMany(row => row.Why.CountBy(static why => why).Select(reason => $"| {server} | {row.Client} | {row.Kind} | {reason.Value} | {reason.Key} |")));
            if (rows.Where(static row => row.Client == "plain").Sum(static row => row.Raced) < rows.Where(static row => row.Client == "plain").Sum(static row => row.Sent) / 10)
            {
                missed.Add(server);
            }

            twice |= rows.Any(static row => row is { ExecutedTwice: > 0, Client: not "plain", Server: not Http2Suite.ExecutesAfterFin } && row.Kind.StartsWith("POST", StringComparison.Ordinal));
        }

        Console.WriteLine();
        Console.WriteLine("| server | client | kind | failed | decision, delivery, how the connection ended |");
        Console.WriteLine("|---|---|---|---|---|");
        why.ForEach(Console.WriteLine);
        foreach (string server in missed)
        {
            Console.Error.WriteLine($"{server}: hardly any request met the close, which proves nothing.");
        }

        return twice || missed.Count > 0 ? 1 : 0;
    }

    private static string Cell(Http2Row row) => $"{row.Failed} / {row.Raced}{(row.ExecutedTwice > 0 ? $" ({row.ExecutedTwice})" : string.Empty)}";
}
