using System.Globalization;
using StaleConnGuard.Measuring;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What the race must show.</summary>
internal static class RaceRateTargets
{
    public static IEnumerable<Target> Of(IReadOnlyList<RaceRateRow> rows, TimeSpan roundTrip)
    {
        RaceRateRow[] guarded = [.. rows.Where(row => row.IsGuarded)];
        int failed = guarded.Sum(row => row.Failed);
        int raced = guarded.Sum(row => row.Raced);
        yield return new Target("guarded: none fails", $"{failed} of {guarded.Sum(row => row.Requests)}, {raced} of them raced", failed == 0);

        int twice = guarded.Sum(row => row.ExecutedTwice);
        yield return new Target("guarded: none is executed twice", $"{twice}", twice == 0);

        int plainFailed = rows.Where(row => row.Contender.Name == Contenders.Plain.Name).Sum(row => row.Failed);
        yield return new Target("the race happened: the plain client fails", $"{plainFailed}", plainFailed > 0);

        // Without learning every race happens, so there are enough of them to speak of a percentile.
        RaceRateRow[] recovering = [.. guarded.Where(row => row.Contender == RaceRateContenders.GuardedNotLearning && row.Recovered.Count > 0)];
        foreach (Target target in OfRecovery(rows, recovering, 2 * roundTrip.TotalMilliseconds))
        {
            yield return target;
        }

        double backoff = Waits(rows.Where(row => row.Contender == RaceRateContenders.PollyRetry && row.Kind == RequestKind.PostWithBody));
        double guard = Waits(recovering);
        yield return new Target(
            "the recovery waits at most a hundredth of what a retry with backoff waits (mean of the medians)",
            string.Create(CultureInfo.InvariantCulture, $"{guard:0.00} ms against {backoff:0} ms, 1 to {backoff / guard:0}"),
            backoff / guard >= 100);
    }

    private static IEnumerable<Target> OfRecovery(IReadOnlyList<RaceRateRow> rows, RaceRateRow[] recovering, double allowed)
    {
        const string What = "p99 of a recovered request above the median of one that found its connection open: at most one connect and one round trip";
        RaceRateRow? worst = recovering.MaxBy(AboveMedian);
        if (worst is null)
        {
            yield break;
        }

        yield return new Target(
            string.Create(CultureInfo.InvariantCulture, $"{What}, {allowed} ms"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{AboveMedian(worst):0.0} ms in the worst of {recovering.Length} rows, where the p99 of those that found it open is {worst.FoundOpen.Percentile(99) - worst.FoundOpen.Median:0.0} ms above their median"),
            AboveMedian(worst) <= allowed);

        // With keep-alive off every request takes exactly these two.
        (double Measured, double Allowed)[] pairs = [.. recovering.Select(row => (AboveMedian(row), ConnectAndRoundTrip(rows, row)))];
        (double measured, double taken) = pairs.MaxBy(pair => pair.Measured - pair.Allowed);
        yield return new Target(
            "the same, with connect and round trip as they were in the same race: the median with keep-alive off",
            string.Create(CultureInfo.InvariantCulture, $"{measured:0.0} ms of {taken:0.0} ms in the worst of {pairs.Length} rows"),
            measured <= taken);
    }

    private static double AboveMedian(RaceRateRow row) => row.Recovered.Percentile(99)!.Value - row.FoundOpen.Median!.Value;

    private static double ConnectAndRoundTrip(IReadOnlyList<RaceRateRow> rows, RaceRateRow like) =>
        rows.Single(row => row.Contender == Contenders.KeepAliveOff && row.AimedShare == like.AimedShare && row.Kind == like.Kind).Connecting.Median!.Value;

    private static double Waits(IEnumerable<RaceRateRow> rows) => rows.Select(row => row.Waited.Median).OfType<double>().DefaultIfEmpty(double.NaN).Average();
}
