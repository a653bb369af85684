namespace StaleConnGuard.Diagnosis;

/// <summary>Sorts the idle ages at which connections were closed: a timeout closes at one age, a restart closes everything at one moment. Pure.</summary>
internal sealed record AgeGroups
{
    // Ages a tenth apart, or a quarter of a second, are one: a timer that looks now and then.
    private const double OneAge = 0.1;
    private static readonly TimeSpan s_oneAge = TimeSpan.FromMilliseconds(250);

    // Closed within a tenth of a second, at ages that differ by more than any timer's beat.
    private const long OneMoment = 100_000_000;
    private const int FewestOfRestart = 3;
    private const double AgesOfRestart = 2;

    // A group is a timeout of its own when it has a fifth of the largest one's closes.
    private const double ShareOfTimeout = 0.2;
    private const double ShareOfEven = 0.8;
    private const double Tail = 0.05;

    private AgeGroups(IReadOnlyList<AgeGroup> groups, AgeGroup timeout, bool isEven, int atRestart) =>
        (Groups, Timeout, IsEven, AtRestart) = (groups, timeout, isEven, atRestart);

    /// <summary>All groups, by age, without restarts.</summary>
    public IReadOnlyList<AgeGroup> Groups { get; }

    /// <summary>The group that is the timeout: the lowest of those that have many. Uneven: from the lowest to the highest, without the outermost.</summary>
    public AgeGroup Timeout { get; }

    /// <summary>Whether nearly all closes are in that group.</summary>
    public bool IsEven { get; }

    /// <summary>How many connections were closed together at all ages: a restart, or a drain. Of no group.</summary>
    public int AtRestart { get; }

    /// <summary>Null when there is no close but those of a restart.</summary>
    public static AgeGroups? Of(IReadOnlyList<IdleClose> closes)
    {
        TimeSpan[] ages = [.. WithoutRestarts(closes).Select(close => close.Age).Order()];
        if (ages.Length == 0)
        {
            return null;
        }

        List<AgeGroup> groups = Group(ages);
        int most = groups.Max(group => group.Count);
        AgeGroup main = groups.First(group => group.Count >= most * ShareOfTimeout);
        bool isEven = main.Count >= ages.Length * ShareOfEven;
        int tail = (int)(ages.Length * Tail);
        return new AgeGroups(groups, isEven ? main : new AgeGroup(ages[tail], ages[^(1 + tail)], ages.Length), isEven, closes.Count - ages.Length);
    }

    private static List<AgeGroup> Group(TimeSpan[] ages)
    {
        var groups = new List<AgeGroup>();
        int start = 0;
        for (int i = 1; i <= ages.Length; i++)
        {
            if (i == ages.Length || ages[i] - ages[i - 1] > Max(ages[i - 1] * OneAge, s_oneAge))
            {
                groups.Add(new AgeGroup(ages[start], ages[i - 1], i - start));
                start = i;
            }
        }

        return groups;
    }

    private static List<IdleClose> WithoutRestarts(IReadOnlyList<IdleClose> closes)
    {
        IdleClose[] byTime = [.. closes.OrderBy(close => close.Time)];
        var kept = new List<IdleClose>();
        int start = 0;
        for (int i = 1; i <= byTime.Length; i++)
        {
            if (i < byTime.Length && byTime[i].Time - byTime[i - 1].Time <= OneMoment)
            {
                continue;
            }

            ReadOnlySpan<IdleClose> burst = byTime.AsSpan(start, i - start);
            start = i;
            if (!IsRestart(burst))
            {
                kept.AddRange(burst);
            }
        }

        return kept;
    }

    private static bool IsRestart(ReadOnlySpan<IdleClose> burst)
    {
        TimeSpan low = TimeSpan.MaxValue;
        TimeSpan high = TimeSpan.Zero;
        foreach (IdleClose close in burst)
        {
            low = close.Age < low ? close.Age : low;
            high = Max(close.Age, high);
        }

        return burst.Length >= FewestOfRestart && high > low * AgesOfRestart;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
