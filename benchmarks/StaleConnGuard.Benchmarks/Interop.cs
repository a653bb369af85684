using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>interop [requests] [rounds]</c>: the table of docs/interop.md. Needs root and what <c>tests/servers/install</c> installs.
/// </summary>
internal static class Interop
{
    private const int SideBySide = 4;

    public static async Task<int> RunAsync(string[] args)
    {
        int requests = args.Length > 0 ? int.Parse(args[0]) : 16;
        int rounds = args.Length > 1 ? int.Parse(args[1]) : 5;
        List<InteropRow> rows = [];
        foreach (string[] servers in InteropSuite.Servers.Chunk(SideBySide))
        {
            rows.AddRange(await InteropSuite.RunAsync(servers, requests, rounds));
        }

        Console.WriteLine(InteropTable.Of(rows));
        return 0;
    }
}
