using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>What became of one kind of request.</summary>
/// <param name="Request">What was sent.</param>
/// <param name="Requests">How many.</param>
/// <param name="Raced">On how many upstream connections a request crossed with the end of the connection.</param>
/// <param name="Failed">How many the client lost: no answer, or 502, 503, 504.</param>
/// <param name="ExecutedTwice">How many the upstream executed more than once.</param>
/// <param name="P50Ms">The median latency of those answered, in milliseconds; null when none was.</param>
/// <param name="P99Ms">The same, 99th percentile.</param>
/// <param name="Failures">How often they failed in which way.</param>
internal sealed record ThroughLine(string Request, int Requests, int Raced, int Failed, int ExecutedTwice, double? P50Ms, double? P99Ms, IReadOnlyDictionary<string, int> Failures)
{
    public static ThroughLine Of(string request, IReadOnlyList<ProxyOutcome> outcomes, int raced, ExecutionLog executions)
    {
        double[] latencies = [.. outcomes.Where(outcome => !outcome.IsFailure).Select(outcome => outcome.Latency.TotalMilliseconds).Order()];
        return new ThroughLine(
            request,
            outcomes.Count,
            raced,
            outcomes.Count - latencies.Length,
            executions.CountExecutedTwice(outcomes.Select(outcome => outcome.RequestId)),
            Percentile(latencies, 0.5),
            Percentile(latencies, 0.99),
            outcomes.Where(outcome => outcome.IsFailure)
                .CountBy(outcome => outcome.Status == 0 ? "connection closed" : $"HTTP {outcome.Status}", StringComparer.Ordinal)
                .ToDictionary(StringComparer.Ordinal));
    }

    private static double? Percentile(double[] sorted, double share) => sorted.Length == 0 ? null : sorted[(int)Math.Ceiling(share * sorted.Length) - 1];
}
