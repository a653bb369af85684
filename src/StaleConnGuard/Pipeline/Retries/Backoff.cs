namespace StaleConnGuard.Pipeline;

/// <summary>
/// Exponential waits with jitter. One instance a handler, so that no two handlers draw the same row of numbers. Thread-safe.
/// </summary>
internal sealed class Backoff(TimeSpan baseDelay, TimeSpan maxDelay, RetryJitter jitter, Random random)
{
    /// <summary>The wait before the next retry. <paramref name="retries"/>: those before it. <paramref name="previous"/>: the last wait chosen here, zero at first.</summary>
    public TimeSpan Next(int retries, TimeSpan previous) => jitter switch
    {
        RetryJitter.Decorrelated => Decorrelated(previous),
        _ => Draw(0, Ceiling(retries)),
    };

    // As a double: doubling can leave the range of a TimeSpan long before anybody would wait that long.
    private double Ceiling(int retries) => Math.Min(maxDelay.Ticks, baseDelay.Ticks * Math.Pow(2, retries));

    private TimeSpan Decorrelated(TimeSpan previous)
    {
        double last = Math.Max(previous.Ticks, baseDelay.Ticks);
        return Draw(baseDelay.Ticks, Math.Min(maxDelay.Ticks, last * 3));
    }

    private TimeSpan Draw(double from, double to)
    {
        // A Random of one's own is not thread-safe; retries are rare enough for a lock.
        lock (random)
        {
            return TimeSpan.FromTicks((long)(from + (random.NextDouble() * (to - from))));
        }
    }
}
