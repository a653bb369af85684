namespace StaleConnGuard.Measuring;

/// <summary>When one caller sends its requests: gaps drawn from an exponential distribution, as independent users make them. Immutable.</summary>
public sealed class ArrivalTrace
{
    private ArrivalTrace(IReadOnlyList<TimeSpan> arrivals) => Arrivals = arrivals;

    /// <summary>Gets the times since the start, in order.</summary>
    public IReadOnlyList<TimeSpan> Arrivals { get; }

    /// <summary>Draws the arrivals of one caller. The same seed, the same trace.</summary>
    public static ArrivalTrace Exponential(TimeSpan meanGap, TimeSpan duration, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(meanGap, TimeSpan.Zero);
        var random = new Random(seed);
        List<TimeSpan> arrivals = [];
        for (TimeSpan at = Gap(random, meanGap); at < duration; at += Gap(random, meanGap))
        {
            arrivals.Add(at);
        }

        return new ArrivalTrace(arrivals);
    }

    /// <summary>
    /// How many connections the caller must open when it uses one as long as it may: the first, and one after each gap that is longer than
    /// <paramref name="longestIdle"/>. With the server's timeout that is the oracle: no client that loses no request can do with fewer.
    /// </summary>
    public int ConnectionsNeeded(TimeSpan longestIdle)
    {
        int connections = Arrivals.Count == 0 ? 0 : 1;
        for (int i = 1; i < Arrivals.Count; i++)
        {
            if (Arrivals[i] - Arrivals[i - 1] > longestIdle)
            {
                connections++;
            }
        }

        return connections;
    }

    private static TimeSpan Gap(Random random, TimeSpan mean) => mean * -Math.Log(1 - random.NextDouble());
}
