using System.Globalization;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary>Writes <c>safety.md</c> and its plot.</summary>
internal static class SafetyReport
{
    private const double Allowed = 1.05;

    public static void Write(IReadOnlyList<SafetyRun> runs, TimeSpan serverTimeout, TimeSpan duration, ResultOptions options)
    {
        TimeSpan limit = serverTimeout - new KeepAliveOptions().Margin;
        var page = new ResultPage("safety", "The price of safety", options);
        page.Add(string.Create(CultureInfo.InvariantCulture, $"""
            nginx on loopback that closes connections idle for {serverTimeout.TotalSeconds} s, {duration.TotalSeconds} s of traffic, all strategies at once with the same arrivals. Each caller sends one request at a
            time, half of them POSTs, with exponentially distributed gaps, over a pool of its own; what the guard learns its callers share. *oracle*: opens a connection exactly when the
            gap is longer than {serverTimeout.TotalSeconds} s; *oracle with margin*: when it is longer than {limit.TotalSeconds} s, what anybody needs who keeps the whole margin of {(serverTimeout - limit).TotalSeconds} s. The guard keeps it until it has
            seen the server close five times to the instant; then a smaller one that it has measured, shown below as it was at the end. *server time*: processor
            time of that nginx, without the kernel's work on packets that it is not charged with.
            """));
        page.AddSection("safety", Connections(runs, serverTimeout, limit));
        page.AddSection("safety-targets", Target.Table(Targets(runs, serverTimeout, limit)));
        page.Add("The margin in force at the end, the idle closes that were seen, and the stale hits:");
        page.AddSection("safety-margins", Margins(runs));
        page.Add("Server time in microseconds for each request:");
        page.AddSection("safety-server-time", ServerTime(runs));
        page.Write();
    }

    private static string Connections(IReadOnlyList<SafetyRun> runs, TimeSpan serverTimeout, TimeSpan limit)
    {
        IReadOnlyList<string> names = Names(runs);
        var table = new MarkdownTable(["mean gap", "callers", "requests", .. names, "oracle", "oracle with margin"]);
        foreach (IGrouping<SafetyTraffic, SafetyRun> traffic in runs.GroupBy(run => run.Traffic))
        {
            table.Add(
            [
                Gap(traffic.Key),
                Number(traffic.Key.Callers),
                Number(traffic.Key.Requests),
                .. traffic.Select(run => run.Failed == 0 ? Number(run.Connections) : $"{Number(run.Connections)} ({Number(run.Failed)} failed)"),
                Number(traffic.Key.ConnectionsNeeded(serverTimeout)),
                Number(traffic.Key.ConnectionsNeeded(limit)),
            ]);
        }

        return table.ToString();
    }

    private static string Margins(IReadOnlyList<SafetyRun> runs)
    {
        SafetyRun[] guarded = [.. runs.Where(run => run.Known is not null)];
        var table = new MarkdownTable(["mean gap", .. Names(guarded)]);
        foreach (IGrouping<SafetyTraffic, SafetyRun> traffic in guarded.GroupBy(run => run.Traffic))
        {
            table.Add([Gap(traffic.Key), .. traffic.Select(run => Margin(run.Known!))]);
        }

        return table.ToString();
    }

    private static string Margin(OriginKeepAlive known)
    {
        string margin = known.Margin is { } measured ? string.Create(CultureInfo.InvariantCulture, $"{measured.TotalMilliseconds:0} ms") : "–";
        return string.Create(CultureInfo.InvariantCulture, $"{margin}, {known.IdleCloses} closes, {known.StaleHits} hits");
    }

    private static string ServerTime(IReadOnlyList<SafetyRun> runs)
    {
        var table = new MarkdownTable(["mean gap", .. Names(runs)]);
        foreach (IGrouping<SafetyTraffic, SafetyRun> traffic in runs.GroupBy(run => run.Traffic))
        {
            table.Add([Gap(traffic.Key), .. traffic.Select(run => Number((int)(run.ServerTime.TotalMicroseconds / traffic.Key.Requests)))]);
        }

        return table.ToString();
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<SafetyRun> runs, TimeSpan serverTimeout, TimeSpan limit)
    {
        int oracle = runs.Select(run => run.Traffic).Distinct().Sum(traffic => traffic.ConnectionsNeeded(serverTimeout));
        int withMargin = runs.Select(run => run.Traffic).Distinct().Sum(traffic => traffic.ConnectionsNeeded(limit));
        foreach (IGrouping<string, SafetyRun> strategy in runs.Where(run => run.Strategy.Name.StartsWith("guarded", StringComparison.Ordinal)).GroupBy(run => run.Strategy.Name))
        {
            int opened = strategy.Sum(run => run.Connections);
            yield return Compare($"{strategy.Key}: connections within 5 % of the oracle's", opened, oracle);
            if (!strategy.Key.Contains("ms", StringComparison.Ordinal))
            {
                yield return Compare($"{strategy.Key}: within 5 % of the oracle's that keeps the whole margin", opened, withMargin);
            }
        }

        int failed = runs.Where(run => run.Strategy.Name.StartsWith("guarded", StringComparison.Ordinal)).Sum(run => run.Failed);
        yield return new Target("guarded: none fails", Number(failed), failed == 0);
    }

    private static Target Compare(string text, int opened, int oracle) => new(
        text, string.Create(CultureInfo.InvariantCulture, $"{opened} against {oracle}, {100.0 * (opened - oracle) / oracle:+0.0;-0.0;0.0} %"), opened <= oracle * Allowed);

    private static string[] Names(IReadOnlyList<SafetyRun> runs) => [.. runs.Select(run => run.Strategy.Name).Distinct(StringComparer.Ordinal)];

    private static string Gap(SafetyTraffic traffic) => traffic.MeanGap.TotalSeconds >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{traffic.MeanGap.TotalSeconds} s")
        : string.Create(CultureInfo.InvariantCulture, $"{traffic.MeanGap.TotalMilliseconds} ms");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
