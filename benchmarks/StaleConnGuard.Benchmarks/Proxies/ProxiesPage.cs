using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>The page of results, from what was measured of each piece so far.</summary>
internal static class ProxiesPage
{
    private const string Ground = """
        Clients, a proxy on loopback with its default settings, and at 20 ms round trip (real packets between two network namespaces) an upstream, nginx or Go, that closes idle connections at 1 s. Requests are aimed
        at that instant in bursts, so that many meet it; nobody meets so many in production. The clients are bare sockets that repeat nothing. *Raced*: upstream connections on which a request crossed with the FIN, counted
        by the link, or that ended in a bare reset. *Reset*: the upstream closed with the request in its kernel, unread, which nobody can tell from a request that was executed. *Failed*: 502, 503, 504 or a connection that closes without an answer.
        """;

    public static void Write(ProxyResults results, ResultOptions options)
    {
        var page = new ResultPage("proxies", "Reverse proxies in the race", options);
        page.Add(Ground);
        if (results.Races.Count > 0)
        {
            page.Add(When(results, "race, "));
            page.AddSection("proxies", Table(results));
            page.Add("## Executed by an upstream that dies");
            page.Add(When(results, "die"));
            page.Add("The upstream executes each request once, and closes the connection without an answer.");
            page.AddSection("proxies-dying", Dying(results));
        }

        if (results.Http2.Count > 0)
        {
            page.Add("## Destinations that speak HTTP/2");
            page.Add(When(results, "http2"));
            page.AddSection("proxies-http2", Http2(results));
        }

        if (results.Latencies.Count > 0)
        {
            page.Add("## Latency of an upload after idleness");
            page.Add(When(results, "latency"));
            page.AddSection("proxies-latency", Latency(results));
        }

        if (results.Throughput.Count > 0)
        {
            page.Add("## Throughput");
            page.Add(When(results, "throughput"));
            page.AddSection("proxies-throughput", Throughput(results));
        }

        if (results.Slow.Count > 0)
        {
            page.Add("## uWSGI and gunicorn, a client every 1 to 3 s");
            page.Add(When(results, "slow"));
            page.AddSection("proxies-slow", Slow(results));
        }

        if (results.Streams.Count > 0)
        {
            page.Add("## Large bodies");
            page.Add(When(results, "stream"));
            page.AddSection("proxies-streams", Streams(results));
        }

        page.Add("## Everything that was raced");
        page.Add(Cells(results));
        page.AddSection("proxies-targets", Targets(results));
        page.Write();
    }

    // Pieces are measured at different times, on a machine that is more or less busy.
    private static string When(ProxyResults results, string piece)
    {
        ProxyMoment[] moments = [.. results.Measured.Where(pair => pair.Key.StartsWith(piece, StringComparison.Ordinal)).Select(pair => pair.Value).OrderBy(moment => moment.Time)];
        if (moments.Length == 0)
        {
            return string.Empty;
        }

        (double least, double most) = (moments.Min(moment => moment.Load), moments.Max(moment => moment.Load));
        string load = most - least < 0.05 ? string.Create(CultureInfo.InvariantCulture, $"{most:0.0}") : string.Create(CultureInfo.InvariantCulture, $"{least:0.0} to {most:0.0}");
        return string.Create(CultureInfo.InvariantCulture, $"Measured on {moments[^1].Time:yyyy-MM-dd}, {moments[0].Time:HH:mm} to {moments[^1].Time:HH:mm} UTC; load average just before: {load}.");
    }

    private static string Table(ProxyResults results)
    {
        var table = new MarkdownTable([" proxy", .. RequestKind.AllThroughProxies.Select(kind => kind.Name), "executed twice, of 20 POSTs"]);
        foreach (string proxy in Names(results.Races.Select(cell => cell.Proxy)))
        {
            table.Add(
            [
                IsOurs(proxy) ? $"**{proxy}**" : proxy,
                .. RequestKind.AllThroughProxies.Select(kind => Cell(results.Races.Where(cell => cell.Proxy == proxy && cell.Request == kind.Name))),
                results.Deaths.FirstOrDefault(cell => cell.Proxy == proxy && cell.Request == RequestKind.PostWithBody.Name)?.ExecutedTwice.ToString(CultureInfo.InvariantCulture) ?? "?",
            ]);
        }

        return $"{table}\n\nEach cell: failed, of those that raced; *not raced*: the proxy takes a new connection for such a request, or one that is certain to be open. Of {Figure(results.Races.Sum(cell => cell.Requests))} aimed requests in all, {Figure(results.Races.Sum(cell => cell.Raced))} raced.";

        static string Cell(IEnumerable<ProxyRaceCell> cells)
        {
            int failed = cells.Sum(cell => cell.Failed);
            int raced = cells.Sum(cell => cell.Raced);
            return raced == 0 ? "not raced" : $"{(failed > 0 ? "**" : "")}{failed}{(failed > 0 ? "**" : "")} of {raced}";
        }
    }

    private static string Http2(ProxyResults results)
    {
        var table = new MarkdownTable([" destination", " proxy", .. RequestKind.AllThroughProxies.Select(kind => kind.Name), "executed twice"]);
        foreach (var row in results.Http2.GroupBy(cell => (cell.Upstream, cell.Proxy)))
        {
            table.Add(
            [
                row.Key.Upstream,
                IsOurs(row.Key.Proxy) ? $"**{row.Key.Proxy}**" : row.Key.Proxy,
                .. RequestKind.AllThroughProxies.Select(kind => row.First(cell => cell.Request == kind.Name)).Select(cell => $"{cell.Failed} of {cell.Raced}"),
                Figure(row.Sum(cell => cell.ExecutedTwice)),
            ]);
        }

        return $"Each client has a connection of the proxy's for itself. Each cell: failed, of the connections on which something of the client's crossed with the FIN or GOAWAY's end, or that were reset.\n\n{table}";
    }

    private static string Dying(ProxyResults results)
    {
        var table = new MarkdownTable(" proxy", " request", "requests", "answered", "executed twice");
        foreach (ProxyDeathCell cell in results.Deaths.OrderBy(cell => Place(cell.Proxy)))
        {
            table.Add(cell.Proxy, cell.Request, Figure(cell.Requests), Figure(cell.Answered), cell.ExecutedTwice == 0 ? "0" : $"**{cell.ExecutedTwice}**");
        }

        return table.ToString();
    }

    private static string Latency(ProxyResults results)
    {
        string[] proxies = [.. Names(results.Latencies.Select(cell => cell.Proxy))];
        var table = new MarkdownTable([" POST", .. proxies.Select(proxy => $"{proxy}, p50"), .. proxies.Select(proxy => $"{proxy}, p90")]);
        foreach (var body in results.Latencies.GroupBy(cell => (cell.Bytes, cell.IsChunked)))
        {
            table.Add(
            [
                $"{Figure(body.Key.Bytes)} bytes{(body.Key.IsChunked ? ", chunked" : "")}",
                .. proxies.Select(proxy => Milliseconds(body.First(cell => cell.Proxy == proxy).P50Ms)),
                .. proxies.Select(proxy => Milliseconds(body.First(cell => cell.Proxy == proxy).P90Ms)),
            ]);
        }

        return $"{results.Latencies[0].Requests} uploads each, taking turns, on connections that had been idle for 150 ms; 20 ms round trip to a healthy upstream.\n\n{table}";
    }

    private static string Throughput(ProxyResults results)
    {
        var table = new MarkdownTable(" proxy", " request", "requests/s", $"guarded YARP, of it", "p50", "p99", "errors");
        foreach (var proxy in results.Throughput.GroupBy(cell => (cell.Proxy, cell.Method)).OrderBy(group => group.Key.Method, StringComparer.Ordinal).ThenBy(group => Place(group.Key.Proxy)))
        {
            table.Add(
                proxy.Key.Proxy,
                proxy.Key.Method == "POST" ? "POST, 1 kB" : "GET",
                Figure((int)Median(proxy, cell => cell.RequestsPerSecond)),
                proxy.Key.Proxy == ProxyContender.NothingKnown ? "" : Ratio(results, proxy.Key.Proxy, proxy.Key.Method).ToString("0.00", CultureInfo.InvariantCulture),
                Milliseconds(Median(proxy, cell => cell.P50Ms)),
                Milliseconds(Median(proxy, cell => cell.P99Ms)),
                Figure(proxy.Sum(cell => cell.Errors)));
        }

        return $"wrk with 64 connections, the proxy and nginx behind it, all on loopback and on the same two cores; the median of {results.Throughput.Max(cell => cell.Round)} rounds in which they take turns; every {ProxyThroughput.RoundsOfGeneration} rounds all are started anew. *Guarded YARP, of it*: the median of the ratios within a round, in which the two YARPs have two turns each (plain, guarded, guarded, plain).\n\n{table}";
    }

    private static string Slow(ProxyResults results)
    {
        var table = new MarkdownTable(" server", " proxy", "POSTs", "raced", "502s", "executed twice");
        foreach (ProxySlowCell cell in results.Slow)
        {
            table.Add(cell.Server, IsOurs(cell.Proxy) ? $"**{cell.Proxy}**" : cell.Proxy, Figure(cell.Requests), Figure(cell.Raced), cell.Failed == 0 ? "0" : $"**{cell.Failed}**", Figure(cell.ExecutedTwice));
        }

        ProxySlowCell first = results.Slow[0];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{first.Minutes:0.#} minutes; {first.Clients} clients, each of which sends a POST every 1 to 3 s and has a pool of the proxy's connections for itself; 20 ms round trip to the server, which closes idle connections after about 2 s.\n\n{table}");
    }

    private static string Streams(ProxyResults results)
    {
        var table = new MarkdownTable(" proxy", " body", "size", "took", "memory before", "highest meanwhile", "after");
        foreach (ProxyStreamCell cell in results.Streams)
        {
            table.Add(cell.Proxy, cell.Direction, $"{cell.Bytes >> 20} MB", Seconds(cell.Seconds), Megabytes(cell.BeforeMb), Megabytes(cell.HighestMb), Megabytes(cell.AfterMb));
        }

        return $"The working set of the proxy's process.\n\n{table}";

        static string Seconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0} s");
        static string Megabytes(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0} MB");
    }

    private static string Cells(ProxyResults results)
    {
        var table = new MarkdownTable(" proxy", " upstream", " request", "requests", "raced", "of them reset", "failed", "executed twice", "p50 of those answered");
        foreach (ProxyRaceCell cell in results.Races.OrderBy(cell => Place(cell.Proxy)).ThenBy(cell => cell.Upstream, StringComparer.Ordinal))
        {
            table.Add(
                cell.Proxy, cell.Upstream, cell.Request, Figure(cell.Requests), Figure(cell.Raced), Figure(cell.Reset), Figure(cell.Failed), Figure(cell.ExecutedTwice), cell.P50Ms is { } p50 ? Milliseconds(p50) : "-");
        }

        return table.ToString();
    }

    private static string Targets(ProxyResults results)
    {
        List<Target> targets = [];
        ProxyRaceCell[] ours = [.. results.Races.Where(cell => IsOurs(cell.Proxy))];
        if (ours.Length > 0)
        {
            targets.Add(new(
                "guarded: 0 failed in all kinds", $"{ours.Sum(cell => cell.Failed)} of {ours.Sum(cell => cell.Raced)} raced, {ours.Sum(cell => cell.Reset)} of them reset", ours.Sum(cell => cell.Failed) == 0));
            targets.Add(new("guarded: no more failed than ended in a bare reset", $"{ours.Sum(cell => cell.Failed)}", ours.All(cell => cell.Failed <= cell.Reset)));
            targets.Add(new("guarded: 0 executed twice, dying upstream included", $"{ours.Sum(cell => cell.ExecutedTwice) + OursDying()}", ours.Sum(cell => cell.ExecutedTwice) + OursDying() == 0));
        }

        if (results.Latencies.Count > 0)
        {
            double small = Above(results, ProxyContender.NothingKnown, cell => !cell.IsChunked && cell.Bytes <= 65_536);
            double known = Above(results, ProxyContender.Configured, _ => true);
            targets.Add(new("POST after idleness, up to 64 KB: at most 1 ms above plain YARP (p50)", Milliseconds(small), small <= 1));
            targets.Add(new("the same for all bodies, timeout known", Milliseconds(known), known <= 1));
        }

        foreach (string method in results.Throughput.Select(cell => cell.Method).Distinct(StringComparer.Ordinal))
        {
            double ratio = Ratio(results, ProxyContender.PlainYarp, method);
            targets.Add(new($"throughput, {method}: at least 0.97 of plain YARP", ratio.ToString("0.000", CultureInfo.InvariantCulture), ratio >= 0.97));
        }

        return Target.Table(targets);

        int OursDying() => results.Deaths.Where(cell => IsOurs(cell.Proxy)).Sum(cell => cell.ExecutedTwice);
    }

    private static double Above(ProxyResults results, string proxy, Func<ProxyLatencyCell, bool> which) => results.Latencies.Where(cell => cell.Proxy == proxy && which(cell))
        .Max(cell => cell.P50Ms - results.Latencies.First(plain => plain.Proxy == ProxyContender.PlainYarp && plain.Bytes == cell.Bytes && plain.IsChunked == cell.IsChunked).P50Ms);

    /// <summary>Guarded YARP's throughput over another's: the median of the ratios within a round.</summary>
    private static double Ratio(ProxyResults results, string other, string method)
    {
        ProxyThroughputCell[] cells = [.. results.Throughput.Where(cell => cell.Method == method)];
        return new Distribution(cells.Where(cell => cell.Proxy == other).Select(cell => cell.Round).Distinct()
            .Select(round => Turns(ProxyContender.NothingKnown, round) / Turns(other, round))).Median!.Value;

        double Turns(string proxy, int round) => cells.Where(cell => cell.Proxy == proxy && cell.Round == round).Average(cell => cell.RequestsPerSecond);
    }

    private static double Median(IEnumerable<ProxyThroughputCell> cells, Func<ProxyThroughputCell, double> of) => new Distribution(cells.Select(of)).Median!.Value;

    private static IEnumerable<string> Names(IEnumerable<string> names) => names.Distinct(StringComparer.Ordinal).OrderBy(Place);

    private static int Place(string name) => ProxyContender.All.TakeWhile(contender => contender.Name != name).Count();

    private static bool IsOurs(string proxy) => proxy is not ProxyContender.PlainYarp && ProxyContender.All.FirstOrDefault(contender => contender.Name == proxy) is { Yarp: not YarpSetup.None };

    private static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.##} ms");

    private static string Figure(int value) => value.ToString(CultureInfo.InvariantCulture);
}
