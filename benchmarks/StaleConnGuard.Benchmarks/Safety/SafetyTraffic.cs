using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary>Callers that send independently of each other, with the same mean gap. The same traces for every strategy.</summary>
internal sealed class SafetyTraffic(TimeSpan meanGap, int callers, TimeSpan duration)
{
    public TimeSpan MeanGap => meanGap;

    public IReadOnlyList<ArrivalTrace> Traces { get; } =
        [.. Enumerable.Range(0, callers).Select(caller => ArrivalTrace.Exponential(meanGap, duration, seed: ((int)meanGap.TotalMilliseconds * 1_000) + caller))];

    public int Callers => callers;

    public int Requests => Traces.Sum(trace => trace.Arrivals.Count);

    public int ConnectionsNeeded(TimeSpan longestIdle) => Traces.Sum(trace => trace.ConnectionsNeeded(longestIdle));
}
