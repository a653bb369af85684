namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What one origin says of itself in <c>Keep-Alive</c> headers. A smaller value counts at once; a larger one only when the smaller was
/// not heard for <see cref="LearningRules.Recently"/>, because behind one origin there may be several servers. Never forgotten without
/// a newer word. Not thread-safe: the owner locks.
/// </summary>
internal sealed class AdvertisedTimeout
{
    private long _heardAt;

    /// <summary>In ticks, or <see cref="LearningRules.None"/>.</summary>
    public long Ticks { get; private set; } = LearningRules.None;

    /// <summary>A larger value was heard too, so that it matters when the smaller one was last heard.</summary>
    public bool Mixed { get; private set; }

    public LearningOutcome Heard(long ticks, long now)
    {
        if (ticks == Ticks)
        {
            _heardAt = now;
            return LearningOutcome.NothingNew;
        }

        if (ticks < Ticks)
        {
            LearningOutcome outcome = Ticks == LearningRules.None ? LearningOutcome.Learned : LearningOutcome.Lowered;

            // The larger one was in use until now: it may be another server's.
            Mixed = Ticks != LearningRules.None;
            (Ticks, _heardAt) = (ticks, now);
            return outcome;
        }

        if (!Mixed)
        {
            // While there was but one value nobody looked at the clock; it was the last word until now.
            (Mixed, _heardAt) = (true, now);
            return LearningOutcome.Noted;
        }

        if (now - _heardAt <= LearningRules.Recently)
        {
            return LearningOutcome.Contradicted;
        }

        (Ticks, _heardAt, Mixed) = (ticks, now, false);
        return LearningOutcome.Raised;
    }
}
