namespace StaleConnGuard.ServerTimeouts;

/// <summary>The numbers by which a margin is measured. In <see cref="TimeSpan"/> ticks where they are times.</summary>
internal static class MarginRules
{
    /// <summary>
    /// What is added to all that was measured: for a server that is slow to take a request out of its kernel, for clocks that tick every 10 ms, for what happens between the last look
    /// at a connection and its first byte.
    /// </summary>
    public const long Reserve = 50 * TimeSpan.TicksPerMillisecond;

    /// <summary>Closes that differ by more are those of a server, or of several, that does not close to the instant.</summary>
    public const long WidestSpread = 100 * TimeSpan.TicksPerMillisecond;

    /// <summary>Fewer closes show nothing: with two servers behind one origin, one of them may not have been seen yet.</summary>
    public const int FewestCloses = 5;

    /// <summary>More are not remembered.</summary>
    public const int MostCloses = 8;

    /// <summary>How long a margin holds after the last close that agreed with it.</summary>
    public const long Lasting = LearningRules.Recently;

    /// <summary>How long the whole margin is kept after anything that spoke against a smaller one.</summary>
    public const long Wait = 10 * TimeSpan.TicksPerMinute;

    /// <summary>A stale hit at an age that was thought safe doubles the wait for the next one, so often at most: up to a week.</summary>
    public const int MostDoublings = 10;

    // Half of the beat of the timers known (Kestrel, uWSGI, gunicorn, lighttpd: 1 s), so that both are found.
    private const long Beat = 500 * TimeSpan.TicksPerMillisecond;
    private const long WidestOnBeat = 150 * TimeSpan.TicksPerMillisecond;

    private const double ChanceTaken = 1e-5;

    // Of a timeout of 400 s all would be kept.
    private const double NothingToGain = 400.0 * TimeSpan.TicksPerSecond;

    /// <summary>
    /// The smallest margin that can come to apply to this timeout. The longer the timeout, the less a margin costs, and the less of it is given up: 1.25 % of 5 s are kept,
    /// 2.5 % of 10 s, 5 % of 20 s, which is the usual whole margin.
    /// </summary>
    public static long LeastFor(long timeout) => Math.Max(Reserve, (long)(timeout * (timeout / NothingToGain)));

    /// <summary>
    /// Whether so many closes within this spread are no chance. Of a server that looks at its connections once a second the ages spread evenly over a second, and
    /// n of them lie within s seconds with a chance of less than n·s^(n−1): one in a hundred thousand for 5 within 37 ms, 6 within 70 ms, 7 within 106 ms.
    /// </summary>
    public static bool IsNoChance(int closes, long spread) =>
        spread <= WidestSpread && closes * Math.Pow(spread / (double)TimeSpan.TicksPerSecond, closes - 1) <= ChanceTaken;

    /// <summary>
    /// Whether these closes may all have come on the beat of a timer. Then requests that keep time with it would see one age only, whatever other ages the server
    /// closes at. Sorts the moments.
    /// </summary>
    public static bool MayKeepTime(Span<long> moments)
    {
        foreach (ref long moment in moments)
        {
            moment %= Beat;
        }

        // On a circle: what is not in the widest gap holds them all.
        moments.Sort();
        long widestGap = moments[0] + Beat - moments[^1];
        for (int i = 1; i < moments.Length; i++)
        {
            widestGap = Math.Max(widestGap, moments[i] - moments[i - 1]);
        }

        return Beat - widestGap < WidestOnBeat;
    }
}
