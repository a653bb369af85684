namespace StaleConnGuard.Testing;

/// <summary>
/// The measured margin worked out in the most obvious way, from everything that was ever observed, to judge the library's by. All times in ticks.
/// </summary>
public sealed class MarginReference
{
    private const long Second = TimeSpan.TicksPerSecond;

    private readonly List<Observation> _observations = [];

    private enum Kind
    {
        Close,
        StaleHit,
        Open,
        SilentHit,
    }

    internal void Closed(long age, bool exact, long moment, long roundTrip, long believed, long timeout, LearningOutcome outcome) =>
        _observations.Add(new Observation(Kind.Close, age, exact, moment, roundTrip, believed, timeout, outcome));

    internal void StaleHit(long age, long now, long believed, LearningOutcome outcome) =>
        _observations.Add(new Observation(Kind.StaleHit, age, false, now, 0, believed, long.MaxValue, outcome));

    internal void SeenOpen(long now, LearningOutcome outcome) =>
        _observations.Add(new Observation(Kind.Open, 0, false, now, 0, long.MaxValue, long.MaxValue, outcome));

    internal void SilentHit(long now) =>
        _observations.Add(new Observation(Kind.SilentHit, 0, false, now, 0, long.MaxValue, long.MaxValue, LearningOutcome.NothingNew));

    /// <summary>The margin at this time, or null.</summary>
    public long? At(long now)
    {
        long? margin = null;
        long waitsUntil = long.MinValue;
        long lastNews = long.MinValue;
        int hits = 0;
        List<Moment> moments = [];
        bool seenClose = false;
        foreach (Observation one in _observations)
        {
            seenClose |= one.Kind is Kind.Close || (one.Kind is Kind.StaleHit && one.Believed != long.MaxValue);
            bool widens = false;
            if (one.Kind is Kind.Close && !IsBadNews(one) && one.Exact && one.When >= lastNews)
            {
                moments = With(moments, one);
                widens = margin is not null && Spread(moments) > Second / 10;
                margin = widens ? margin : Of(moments, one, waitsUntil);
            }

            if (seenClose && (IsBadNews(one) || widens))
            {
                (margin, moments) = (null, []);
                lastNews = Math.Max(lastNews, one.When);
                waitsUntil = Math.Max(waitsUntil, one.When + (600 * Second));
                if (one.Kind is Kind.StaleHit && one.Outcome != LearningOutcome.RestartSuspected && one.Age > one.Believed - Math.Min(Second, one.Believed / 2))
                {
                    waitsUntil = one.When + (600 * Second * (long)Math.Pow(2, Math.Min(hits++, 10)));
                }
            }
        }

        return margin is not null && now <= moments.Max(moment => moment.Last) + (600 * Second) ? margin : null;
    }

    private static bool IsBadNews(Observation one) => one.Kind switch
    {
        Kind.SilentHit => true,
        Kind.StaleHit => one.Believed != long.MaxValue,
        Kind.Open => one.Outcome is LearningOutcome.Contradicted or LearningOutcome.Raised or LearningOutcome.Forgotten,
        _ => one.Outcome is LearningOutcome.RestartSuspected or LearningOutcome.TooYoung or LearningOutcome.Raised or LearningOutcome.Forgotten
            || (one.Believed != long.MaxValue && one.Age < one.Believed - (Second / 10)),
    };

    // The last eight moments, in the order in which they were heard of.
    private static List<Moment> With(List<Moment> moments, Observation close)
    {
        Moment? same = moments.Find(moment => Math.Abs(moment.First - close.When) <= Second / 10);
        if (same is null)
        {
            return [.. moments.TakeLast(7), new Moment(close.When, close.When, [close])];
        }

        Moment joined = same with { Last = Math.Max(same.Last, close.When), Closes = [.. same.Closes, close] };
        return [.. moments.Select(moment => moment == same ? joined : moment)];
    }

    private static long Spread(List<Moment> moments)
    {
        long[] ages = [.. moments.SelectMany(moment => moment.Closes).Select(close => close.Age)];
        return ages.Max() - ages.Min();
    }

    private static long? Of(List<Moment> moments, Observation last, long waitsUntil)
    {
        long spread = Spread(moments);
        int count = moments.Count;
        if (last.Timeout == long.MaxValue || last.When < waitsUntil || count < 5 || spread > Second / 10 || count * Math.Pow(spread / (double)Second, count - 1) > 1e-5)
        {
            return null;
        }

        // Is there an arc of less than 150 ms, on a circle of 500, that begins at one of them and holds all?
        bool keepTime = moments.Exists(start => moments.TrueForAll(other => (((other.First - start.First) % (Second / 2)) + (Second / 2)) % (Second / 2) < Second * 15 / 100));
        long roundTrip = moments.SelectMany(moment => moment.Closes).Max(close => close.RoundTrip);
        return keepTime ? null : new[] { (long)(last.Timeout * (last.Timeout / (400.0 * Second))), (Second / 20) + (2 * spread) + roundTrip }.Max();
    }

    private sealed record Moment(long First, long Last, List<Observation> Closes);

    private sealed record Observation(Kind Kind, long Age, bool Exact, long When, long RoundTrip, long Believed, long Timeout, LearningOutcome Outcome);
}
