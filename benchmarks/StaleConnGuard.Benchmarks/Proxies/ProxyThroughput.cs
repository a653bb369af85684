using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// How many requests a second go through, and how long they take, with 64 connections: <c>wrk</c>, the proxy and nginx behind it on loopback. Who is compared takes turns within a round,
/// because the machine is not the same from one minute to the next; and the proxies are started anew several times, because the compiler does not make the same of a program each time.
/// </summary>
internal static partial class ProxyThroughput
{
    public const int Generations = 3;
    public const int RoundsOfGeneration = 3;

    // The programs of .NET are compiled meanwhile, for their traffic; the others' first connections are made.
    private const int SecondsToWarmUp = 8;

    private const string Wrk = "/usr/bin/wrk";
    private const string Script = """
        wrk.method = "POST"
        wrk.body = string.rep("x", 1000)
        wrk.headers["Content-Type"] = "application/json"
        """;

    /// <summary>Who takes part. The first two are a pair, twice in each round and begun by either in turn.</summary>
    private static readonly string[] s_names = [ProxyContender.PlainYarp, ProxyContender.NothingKnown, ProxyContender.Command, "nginx", "HAProxy", "Caddy"];

    public static async Task<IReadOnlyList<ProxyThroughputCell>> RunAsync(bool quick)
    {
        if (!File.Exists(Wrk))
        {
            throw new InvalidOperationException("wrk is not installed (apt-get install wrk).");
        }

        string script = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.lua");
        await File.WriteAllTextAsync(script, Script);
        await using RealServer upstream = await RealServer.StartAsync("nginx-http", TimeSpan.FromMinutes(1));
        List<ProxyThroughputCell> cells = [];
        try
        {
            for (int generation = 0; generation < (quick ? 1 : Generations); generation++)
            {
                await MeasureGenerationAsync(upstream.Address, script, cells, generation * RoundsOfGeneration, quick);
            }

            return cells;
        }
        finally
        {
            File.Delete(script);
        }
    }

    /// <summary>Some rounds with the same processes.</summary>
    private static async Task MeasureGenerationAsync(Uri upstream, string script, List<ProxyThroughputCell> cells, int roundsBefore, bool quick)
    {
        List<(string Name, ProxyProcess Process)> proxies = [];
        try
        {
            foreach (ProxyContender contender in s_names.Select(name => ProxyContender.All.Single(one => one.Name == name)).Where(contender => contender.IsInstalled))
            {
                proxies.Add((contender.Name, await ProxyProcess.StartAsync(contender, upstream, TimeSpan.FromMinutes(1))));
            }

            string[] methods = ["GET", "POST"];
            foreach ((string name, ProxyProcess process) in proxies)
            {
                foreach (string method in methods)
                {
                    _ = await LoadAsync(name, process.Address, method, script, 0, quick ? 1 : SecondsToWarmUp);
                }
            }

            foreach (string method in methods)
            {
                for (int round = roundsBefore + 1; round <= roundsBefore + (quick ? 1 : RoundsOfGeneration); round++)
                {
                    // Plain, guarded, guarded, plain: what drifts within a round, drifts for both.
                    (string Name, ProxyProcess Process)[] pair = round % 2 == 0 ? [.. proxies.Take(2)] : [.. proxies.Take(2).Reverse()];
                    foreach ((string name, ProxyProcess process) in (IEnumerable<(string, ProxyProcess)>)[.. pair, .. pair.Reverse(), .. proxies.Skip(2)])
                    {
                        cells.Add(await LoadAsync(name, process.Address, method, script, round, quick ? 1 : 2));
                        await Console.Error.WriteLineAsync($"   {cells[^1]}");
                    }
                }
            }
        }
        finally
        {
            foreach ((_, ProxyProcess process) in proxies)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static async Task<ProxyThroughputCell> LoadAsync(string name, Uri address, string method, string script, int round, int seconds)
    {
        string[] arguments = ["-t1", "-c64", $"-d{seconds}s", "--latency", .. method == "POST" ? (string[])["-s", script] : [], address.ToString()];
        using Process wrk = Process.Start(new ProcessStartInfo(Wrk, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string said = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        int errors = SocketErrors().Match(said) is { Success: true } match ? match.Groups["count"].Captures.Sum(count => int.Parse(count.Value, CultureInfo.InvariantCulture)) : 0;
        errors += NonSuccess().Match(said) is { Success: true } other ? int.Parse(other.Groups["count"].Value, CultureInfo.InvariantCulture) : 0;
        return new ProxyThroughputCell(
            name, method, round, double.Parse(PerSecond().Match(said).Groups["figure"].Value, CultureInfo.InvariantCulture), Milliseconds(said, "50%"), Milliseconds(said, "99%"), errors);
    }

    private static double Milliseconds(string said, string percentile)
    {
        Match match = Regex.Match(said, $@"^\s+{percentile}\s+(?<figure>[\d.]+)(?<unit>us|ms|s)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        if (!match.Success)
        {
            throw new InvalidOperationException($"wrk does not say {percentile}: {said}");
        }

        double figure = double.Parse(match.Groups["figure"].Value, CultureInfo.InvariantCulture);
        return match.Groups["unit"].Value switch { "us" => figure / 1000, "ms" => figure, _ => figure * 1000 };
    }

    [GeneratedRegex(@"Requests/sec:\s+(?<figure>[\d.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"Socket errors: connect (?<count>\d+), read (?<count>\d+), write (?<count>\d+), timeout (?<count>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SocketErrors();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (?<count>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NonSuccess();
}
