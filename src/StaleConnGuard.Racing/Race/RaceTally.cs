namespace StaleConnGuard.Racing;

/// <summary>The sum of one entry's outcomes.</summary>
/// <param name="Requests">How many aimed requests were sent.</param>
/// <param name="Raced">How many of them were lost in flight at least once.</param>
/// <param name="Failed">How many of them failed for the caller.</param>
/// <param name="ConnectionsOpened">How many connections were opened, those for warming up included.</param>
/// <param name="Median">The median latency of those answered; null when none was.</param>
/// <param name="Percentile99">The 99th percentile of the latency of those answered; null when none was.</param>
/// <param name="Failures">How often they failed in which way.</param>
public sealed record RaceTally(
    int Requests, int Raced, int Failed, int ConnectionsOpened, TimeSpan? Median, TimeSpan? Percentile99, IReadOnlyDictionary<string, int> Failures)
{
    internal static RaceTally Of(IReadOnlyList<RaceOutcome> outcomes, int connectionsOpened)
    {
        TimeSpan[] latencies = [.. outcomes.Where(outcome => outcome.Failure is null).Select(outcome => outcome.Latency).Order()];
        return new RaceTally(
            outcomes.Count,
            outcomes.Count(outcome => outcome.Raced),
            outcomes.Count - latencies.Length,
            connectionsOpened,
            Percentile(latencies, 0.5),
            Percentile(latencies, 0.99),
            outcomes.Where(outcome => outcome.Failure is not null)
                .CountBy(outcome => FailureKind.Of(outcome.Failure!), StringComparer.Ordinal)
                .ToDictionary(StringComparer.Ordinal));
    }

    private static TimeSpan? Percentile(TimeSpan[] sorted, double share) =>
        sorted.Length == 0 ? null : sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
}
