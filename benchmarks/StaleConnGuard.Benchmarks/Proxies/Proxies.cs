using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>proxies [race|die|http2|latency|throughput|stream|slow] [NAME…] [--quick] [--results FOLDER]</c>: the tables of docs/reverse-proxy.md. Everything, or a piece of it: what was measured before stays. Needs
/// root, what <c>tests/servers/install</c> installs, and wrk; a proxy that is not installed is left out. Fails when a proxy was raced by no kind of request.
/// </summary>
internal static class Proxies
{
    private const int SideBySide = 3;

    private static readonly string[] s_pieces = ["die", "latency", "throughput", "stream", "http2", "race", "slow"];

    public static async Task<int> RunAsync(string[] args)
    {
        int options = Array.FindIndex(args, arg => arg.StartsWith("--", StringComparison.Ordinal));
        ResultOptions where = Results.Options(options < 0 ? [] : args[options..]);
        string[] words = options < 0 ? args : args[..options];
        string[] pieces = [.. s_pieces.Where(piece => !words.Intersect(s_pieces).Any() || words.Contains(piece))];
        string[] names = [.. words.Except(s_pieces)];
        ProxyContender[] contenders = [.. ProxyContender.All.Where(contender => contender.IsInstalled && (names.Length == 0 || names.Contains(contender.Name)))];
        ProxyResults results = ProxyResults.Load(where.Folder);
        foreach (string piece in pieces)
        {
            await Console.Error.WriteLineAsync($"== {piece}");
            results.Begin(piece);
            switch (piece)
            {
                case "die":
                    foreach (ProxyContender contender in contenders)
                    {
                        results.Deaths.RemoveAll(cell => cell.Proxy == contender.Name);
                        results.Deaths.AddRange(await ProxyRaces.DieAsync(contender));
                    }

                    break;
                case "latency":
                    results.Latencies = [.. await ProxyLatency.RunAsync(where.IsQuick)];
                    break;
                case "throughput":
                    results.Throughput = [.. await ProxyThroughput.RunAsync(where.IsQuick)];
                    break;
                case "stream":
                    results.Streams = [.. await ProxyStreams.RunAsync(where.IsQuick)];
                    break;
                case "http2":
                    results.Http2 = [.. await ProxyHttp2Races.RunAsync(where.IsQuick)];
                    break;
                case "slow":
                    results.Slow = [.. await ProxySlowTraffic.RunAsync(where.IsQuick)];
                    break;
                default:
                    _ = results.Measured.Remove(piece);
                    foreach (ProxyContender[] some in contenders.Chunk(SideBySide))
                    {
                        Array.ForEach(some, contender => results.Begin($"race, {contender.Name}"));
                        IReadOnlyList<ProxyRaceCell>[] cells = await Task.WhenAll(some.Select(contender => ProxyRaces.RunAsync(contender, where.IsQuick)));
                        results.Races.RemoveAll(cell => some.Any(contender => contender.Name == cell.Proxy));
                        results.Races.AddRange(cells.SelectMany(those => those));
                        results.Save(where.Folder);
                    }

                    break;
            }

            results.Save(where.Folder);
        }

        ProxiesPage.Write(results, where);
        string[] notRaced = [.. contenders.Where(contender => contender.MustRace && pieces.Contains("race") && results.Races.Where(cell => cell.Proxy == contender.Name).Sum(cell => cell.Raced) == 0).Select(contender => contender.Name)];
        foreach (string name in notRaced)
        {
            await Console.Error.WriteLineAsync($"{name}: no race happened, so nothing is shown; run it again.");
        }

        return notRaced.Length == 0 ? 0 : 1;
    }
}
