using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>reverse-proxy [clients] [bursts] [server…]</c>: the tables of docs/reverse-proxy.md. Needs root and what <c>tests/servers/install</c> installs.
/// </summary>
internal static class ReverseProxy
{
    private static readonly string[] s_upstreams = ["nginx", "go"];

    public static async Task<int> RunAsync(string[] args)
    {
        int clients = args.Length > 0 ? int.Parse(args[0]) : 12;
        int bursts = args.Length > 1 ? int.Parse(args[1]) : 10;
        List<ReverseProxyRow> rows = [];
        foreach (string upstream in args.Length > 2 ? args[2..] : s_upstreams)
        {
            rows.AddRange(await ReverseProxySuite.RunAsync(upstream, clients, bursts));
        }

        Console.WriteLine(ReverseProxyTable.Of(rows));
        Console.WriteLine();
        Console.WriteLine(ConfirmingCost.TableOf(await ConfirmingCost.MeasureAsync()));
        return 0;
    }
}
