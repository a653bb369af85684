namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// Finds out whether one origin's server closes idle connections to the instant, and how small a margin will do then. Given only on the evidence of closes that
/// the kernel dated; taken back at once, for a while, by anything that speaks against it. Not thread-safe; owned by one <see cref="TimeoutLearner"/>, which
/// tells it what it observed and what it made of that; but whether there is a margin may be asked from any thread. All times in ticks.
/// </summary>
internal sealed class MeasuredMargin
{
    // Written by the owner, read by anybody.
    private long _ticks = LearningRules.None;
    private long _holdsUntil;

    private ExactCloses _closes = new();
    private long _goodFrom = long.MinValue;
    private long _waitsUntil = long.MinValue;
    private int _doublings;

    /// <summary>There is a margin; it may hold no longer.</summary>
    public bool IsGiven => Volatile.Read(ref _ticks) != LearningRules.None;

    /// <summary>The margin that holds at this time, or <see cref="LearningRules.None"/>.</summary>
    public long At(long now) => now <= Volatile.Read(ref _holdsUntil) ? Volatile.Read(ref _ticks) : LearningRules.None;

    /// <param name="age">The idle age at the close.</param>
    /// <param name="exact">Whether the kernel dated it; otherwise an upper bound.</param>
    /// <param name="moment">When it was closed.</param>
    /// <param name="roundTrip">What hardly any round trip on that connection exceeds.</param>
    /// <param name="believed">The server timeout that was believed before, or <see cref="LearningRules.None"/>.</param>
    /// <param name="timeout">The one believed now.</param>
    /// <param name="outcome">What the close taught.</param>
    public void Closed(long age, bool exact, long moment, long roundTrip, long believed, long timeout, LearningOutcome outcome)
    {
        if (SpeaksAgainst(outcome))
        {
            Revoke(moment);
            return;
        }

        // A server short of connections, a restart that this is the first sign of, another server behind the origin.
        if (believed != LearningRules.None && age < believed - MarginRules.WidestSpread)
        {
            Revoke(moment);
            return;
        }

        // Found late, what came before the last bad news is no news.
        if (!exact || moment < _goodFrom)
        {
            return;
        }

        _closes.Add(age, moment, roundTrip);
        if (IsGiven && _closes.Spread > MarginRules.WidestSpread)
        {
            Revoke(moment);
            return;
        }

        Publish(Measure(timeout, moment));
    }

    /// <param name="age">The idle age at which it was taken.</param>
    /// <param name="now">When.</param>
    /// <param name="believed">The server timeout that was believed before.</param>
    /// <param name="outcome">What it taught.</param>
    public void StaleHit(long age, long now, long believed, LearningOutcome outcome)
    {
        // At an age that even the whole margin allows it is no question of the margin.
        bool wasMargin = age > LearningRules.SurelyOpenBelow(believed) && outcome is not LearningOutcome.RestartSuspected;
        Revoke(now);
        if (wasMargin)
        {
            _waitsUntil = now + (MarginRules.Wait << _doublings);
            _doublings = Math.Min(_doublings + 1, MarginRules.MostDoublings);
        }
    }

    public void SeenOpen(long now, LearningOutcome outcome)
    {
        if (SpeaksAgainst(outcome) || outcome is LearningOutcome.Contradicted)
        {
            Revoke(now);
        }
    }

    /// <summary>Whatever it was, it is not what was measured.</summary>
    public void Revoke(long moment)
    {
        Publish(LearningRules.None);
        _closes.Clear();
        _goodFrom = Math.Max(_goodFrom, moment);
        _waitsUntil = Math.Max(_waitsUntil, moment + MarginRules.Wait);
    }

    private static bool SpeaksAgainst(LearningOutcome outcome) =>
        outcome is LearningOutcome.RestartSuspected or LearningOutcome.TooYoung or LearningOutcome.Raised or LearningOutcome.Forgotten;

    private void Publish(long ticks)
    {
        Volatile.Write(ref _holdsUntil, ticks == LearningRules.None ? long.MinValue : _closes.LastMoment + MarginRules.Lasting);
        Volatile.Write(ref _ticks, ticks);
    }

    private long Measure(long timeout, long now)
    {
        if (timeout == LearningRules.None || now < _waitsUntil)
        {
            return LearningRules.None;
        }

        if (_closes.Count < MarginRules.FewestCloses || !MarginRules.IsNoChance(_closes.Count, _closes.Spread))
        {
            return LearningRules.None;
        }

        if (_closes.MayKeepTime)
        {
            return LearningRules.None;
        }

        return Math.Max(MarginRules.LeastFor(timeout), MarginRules.Reserve + (2 * _closes.Spread) + _closes.RoundTrip);
    }
}
