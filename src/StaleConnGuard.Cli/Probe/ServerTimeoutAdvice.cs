namespace StaleConnGuard.Cli;

/// <summary>From the smallest idle age measured to a figure to configure.</summary>
internal static class ServerTimeoutAdvice
{
    private static readonly TimeSpan s_leastConfigurable = TimeSpan.FromMilliseconds(100);

    // The kernel dates both ends in ticks of up to 4 ms, so that a timeout of 60 s may be seen as 59.992 s.
    private static readonly TimeSpan s_ticks = TimeSpan.FromMilliseconds(10);

    // Timers that go off once a second close late by that, rarely early.
    private static readonly TimeSpan s_early = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(1_050);

    /// <summary>A figure people would write, not above what was measured: whole seconds from 10 s on, tenths from 1 s on, below it hundredths.</summary>
    /// <returns>Null when the server closes too early for a connection to be of use again.</returns>
    public static TimeSpan? RoundDown(TimeSpan measured)
    {
        TimeSpan seen = measured + s_ticks;
        TimeSpan step = seen switch
        {
            { TotalSeconds: >= 10 } => TimeSpan.FromSeconds(1),
            { TotalSeconds: >= 1 } => TimeSpan.FromMilliseconds(100),
            _ => TimeSpan.FromMilliseconds(10),
        };
        TimeSpan rounded = Math.Floor(seen / step) * step;
        return rounded >= s_leastConfigurable ? rounded : null;
    }

    /// <summary>The servers and balancers known to have this timeout unless their operator changed it. Of several timeouts that fit the closest.</summary>
    /// <param name="measured">The smallest idle age.</param>
    /// <param name="advertises">Whether the server sends <c>Keep-Alive: timeout=</c>, at least when asked.</param>
    public static IReadOnlyList<KnownServerTimeout> Matching(TimeSpan measured, bool advertises)
    {
        KnownServerTimeout[] fitting = [.. KnownServerTimeouts.All.Where(known => known.Advertises == advertises
            && measured >= known.Timeout - s_early && measured <= known.Timeout + s_late)];
        return [.. fitting.Where(known => known.Timeout == fitting.Max(other => other.Timeout))];
    }
}
