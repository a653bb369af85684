using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>interop [requests] [rounds] [server…]</c>: the table of docs/interop.md. Needs root and what <c>tests/servers/install</c> installs. Fails when
/// a server was not raced.
/// </summary>
internal static class Interop
{
    private const int SideBySide = 4;

    public static async Task<int> RunAsync(string[] args)
    {
        int requests = args.Length > 0 ? int.Parse(args[0]) : 16;
        int rounds = args.Length > 1 ? int.Parse(args[1]) : 5;
        List<InteropRow> rows = [];
        foreach (string[] servers in (args.Length > 2 ? args[2..] : InteropSuite.Servers).Chunk(SideBySide))
        {
            rows.AddRange(await InteropSuite.RunAsync(servers, requests, rounds));
        }

        Console.WriteLine(InteropTable.Of(rows));
        string[] notRaced = [.. rows.Where(row => row.Advertised is not AdvertisedWhen.Always && row.Raced(race => race.Plain) == 0).Select(row => row.Server)];
        foreach (string server in notRaced)
        {
            await Console.Error.WriteLineAsync($"{server}: no race happened, so nothing is shown; run it again.");
        }

        return notRaced.Length == 0 ? 0 : 1;
    }
}
