using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>Writes <c>race-rates.md</c> and its plots.</summary>
internal static class RaceRateReport
{
    public static void Write(IReadOnlyList<RaceRateRow> rows, RaceRateGround ground, ResultOptions options)
    {
        var page = new ResultPage("race-rates", "The race at different rates", options);
        page.Add(string.Create(CultureInfo.InvariantCulture, $"""
            A server that closes idle connections after 1 s, a link of real packets with a round trip of {ground.RoundTrip.TotalMilliseconds} ms: before the race a bare socket took {ground.Connect.TotalMilliseconds:0.00} ms
            to connect, in the median. *aimed*: the share of requests that leave within the closing window; the others leave at idle ages of {ground.HarmlessAges.From.TotalMilliseconds} to {ground.HarmlessAges.To.TotalMilliseconds} ms. *raced*: lost in flight at least
            once. *recovered*: lost, and answered all the same; their latencies as the caller saw them. *waited*: from the moment at which the loss was found to the moment at which the new
            connection was open, less the shortest connect there is on the link.
            *AddStandardResilienceHandler*: the handler of Microsoft.Extensions.Http.Resilience with its defaults, one pipeline and so one breaker for all callers.
            A GET that is lost the runtime sends again on its own, so nothing reaches the retries above it. "guarded, learning off" meets every race; "guarded, learning" (the default) only until it has learned.
            The collector is kept from running while a race is on (it ran {ground.Collections} times): it stops all clients at once.
            """));
        page.AddSection("race-rates", Table(rows));
        page.Add("""
            Where the time of a recovery goes, and how exact this machine is. *found open*: the requests of the row that were not lost and found their connection open; what their 99th
            percentile has above their median is the machine's. *until lost*: from the call until the end of the connection was seen; a request that is lost left at most a round trip before
            that. *connected*: from there until the new connection was open. *answered*: from there until the answer was there.
            """);
        page.AddSection("race-rates-parts", Parts(rows));
        page.AddSection("race-rates-targets", Target.Table(RaceRateTargets.Of(rows, ground.RoundTrip)));
        page.Add("How they failed:\n\n" + Failures(rows));
        page.Write();
    }

    private static string Table(IReadOnlyList<RaceRateRow> rows)
    {
        var table = new MarkdownTable(" aimed", " request", " client", "requests", "raced", "failed", "breaker open", "executed twice", "recovered p50", "p99", "max", "waited p50", "max");
        foreach (RaceRateRow row in rows)
        {
            table.Add(
                row.AimedShare.ToString("0 %", CultureInfo.InvariantCulture),
                row.Kind.Name,
                row.Contender.Name,
                Number(row.Requests),
                Number(row.Raced),
                Number(row.Failed),
                Number(row.RefusedByBreaker),
                Number(row.ExecutedTwice),
                Milliseconds(row.Recovered.Median),
                Milliseconds(row.Recovered.Percentile(99)),
                Milliseconds(row.Recovered.Max),
                Milliseconds(row.Waited.Median),
                Milliseconds(row.Waited.Max));
        }

        return table.ToString();
    }

    // Those that recover at once, the runtime by itself and the guard; a backoff is longer than anything that is looked at here.
    private static string Parts(IReadOnlyList<RaceRateRow> rows)
    {
        var table = new MarkdownTable(
            " aimed", " request", " client", "found open p50", "p99", "recovered", "until lost p50", "p99", "max", "connected p50", "p99", "max", "answered p50", "p99", "max");
        foreach (RaceRateRow row in rows.Where(row => row.UntilLost.Count > 0 && (row.Contender == Contenders.Plain || row.Contender == RaceRateContenders.GuardedNotLearning)))
        {
            Distribution[] parts = [row.UntilLost, row.UntilConnected, row.UntilAnswered];
            table.Add(
            [
                row.AimedShare.ToString("0 %", CultureInfo.InvariantCulture),
                row.Kind.Name,
                row.Contender.Name,
                Milliseconds(row.FoundOpen.Median),
                Milliseconds(row.FoundOpen.Percentile(99)),
                Number(row.UntilLost.Count),
                .. parts.SelectMany(part => new[] { part.Median, part.Percentile(99), part.Max }).Select(Milliseconds),
            ]);
        }

        return table.ToString();
    }

    private static string Failures(IReadOnlyList<RaceRateRow> rows)
    {
        var table = new MarkdownTable(" aimed", " request", " client", " failure", "times");
        foreach (RaceRateRow row in rows)
        {
            foreach ((string failure, int times) in row.Failures)
            {
                table.Add(row.AimedShare.ToString("0 %", CultureInfo.InvariantCulture), row.Kind.Name, row.Contender.Name, failure, Number(times));
            }
        }

        return table.ToString();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Milliseconds(double? value) => value is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.0} ms") : "–";
}
