namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// Learns one origin's server timeout from what happens to its connections, never by risking a request.
/// <para>
/// <em>Learned</em> by two closes that agree, or one stale hit. <em>Kept</em> as long as nothing speaks against it. <em>Lowered</em> like
/// learned. <em>Given up</em> when connections outlive it (a connection that was too old to be taken was found open, or closed later)
/// and no close has confirmed it for <see cref="LearningRules.Patience"/>, sooner when it was never established; then the smallest timeout that recent closes agree on takes
/// its place, if there is one. A moment at which connections of very different ages close is a restart and teaches nothing.
/// </para>
/// Not thread-safe: the owner locks. All times in <see cref="TimeSpan"/> ticks; <c>now</c> and <c>moment</c> on one monotonic clock.
/// </summary>
internal sealed class TimeoutLearner
{
    private RecentCloses _closes = new();
    private Estimate _estimate = Estimate.Nothing;
    private Estimate _before = Estimate.Nothing;
    private int _contradictions;

    // Made at the first close.
    private MeasuredMargin? _margin;

    // Made at the first restart.
    private RestartMoments? _restarts;

    // Whether the peer was ever seen to close, and whether it was seen to drop a connection without a word.
    private bool _closesSeen;
    private bool _dropsSilently;

    private long _longestOpen;
    private long _longestOpenAt;

    /// <summary>The learned server timeout, or <see cref="LearningRules.None"/>.</summary>
    public long Timeout => _estimate.Timeout;

    /// <summary>When a close confirmed it last.</summary>
    public long ConfirmedAt => _estimate.ConfirmedAt;

    /// <summary>How far below <see cref="Timeout"/> connections are safe; null as long as there was nothing to measure.</summary>
    public MeasuredMargin? Margin => _margin;

    /// <summary>Connections were open at this idle age, and none was closed at it since.</summary>
    public long OpenUntil { get; private set; }

    /// <summary>Connections seen open at a lower idle age than this teach nothing.</summary>
    public long InterestedFrom
    {
        get
        {
            if (_contradictions >= LearningRules.ContradictionsToGiveUp)
            {
                return LearningRules.Floor;
            }

            return Math.Max(LearningRules.Floor, Math.Min(_longestOpen / 4 * 3, _closes.RefutedFrom));
        }
    }

    public LearningOutcome IdleClosed(long age, bool exact, long moment, long roundTrip)
    {
        long believed = _estimate.Timeout;
        LearningOutcome outcome = LearnFromClose(age, exact, moment);
        (_margin ??= new MeasuredMargin()).Closed(age, exact, moment, roundTrip, believed, _estimate.Timeout, outcome);
        return outcome;
    }

    public LearningOutcome StaleHit(long age, bool reset, long now)
    {
        long believed = _estimate.Timeout;
        LearningOutcome outcome = LearnFromHit(age, reset, now);
        if (believed != LearningRules.None)
        {
            // Before anything was known nothing was promised.
            (_margin ??= new MeasuredMargin()).StaleHit(age, now, believed, outcome);
        }

        return outcome;
    }

    public LearningOutcome SeenOpen(long age, bool answered, long now)
    {
        LearningOutcome outcome = LearnFromOpen(age, answered, now);
        _margin?.SeenOpen(now, outcome);
        return outcome;
    }

    private LearningOutcome LearnFromClose(long age, bool exact, long moment)
    {
        (_closesSeen, _dropsSilently) = (true, false);
        if (IsRestart(age, moment))
        {
            return TeachNothing(moment);
        }

        CapOpenUntil(age);
        if (age < LearningRules.Floor)
        {
            _closes.Add(age, moment);
            return LearningOutcome.TooYoung;
        }

        if (Confirms(age))
        {
            return Confirm(age, moment);
        }

        if (age > _estimate.Timeout)
        {
            // A close found late may have happened at the known timeout: no second candidate, only a missing confirmation.
            if (exact)
            {
                _closes.Outlived(age, moment);
                _closes.Add(age, moment);
            }

            return Contradict(moment);
        }

        long agreeing = _closes.SmallestAgreeing(age, moment, out long agreedBy);
        _closes.Add(age, moment);
        if (agreeing == LearningRules.None)
        {
            return LearningOutcome.Noted;
        }

        return Believe(Math.Min(age, agreeing), confirmations: 1, moment, agreedBy);
    }

    private LearningOutcome LearnFromHit(long age, bool reset, long now)
    {
        _dropsSilently |= reset && !_closesSeen;
        if (IsRestart(age, now))
        {
            return TeachNothing(now);
        }

        CapOpenUntil(age);
        if (age < LearningRules.Floor)
        {
            _closes.Add(age, now);
            return LearningOutcome.TooYoung;
        }

        if (Confirms(age))
        {
            return Confirm(age, now);
        }

        long agreeing = _closes.SmallestAgreeing(age, now, out long agreedBy);
        _closes.Add(age, now);
        if (age > _estimate.Timeout)
        {
            return Contradict(now);
        }

        if (agreeing != LearningRules.None)
        {
            return Believe(Math.Min(age, agreeing), confirmations: 1, now, agreedBy);
        }

        // A restart loses requests on connections of any age. That connections were open at three times this age a short while ago
        // says so; a server whose timeout was really lowered closes a second one soon.
        if (LearningRules.FarBelow(age, _longestOpen) && now - _longestOpenAt <= LearningRules.Recently)
        {
            return LearningOutcome.FarBelowOpen;
        }

        return Believe(age, confirmations: 0, now);
    }

    private LearningOutcome LearnFromOpen(long age, bool answered, long now)
    {
        if (!answered && !KernelKnows(age))
        {
            return LearningOutcome.NothingNew;
        }

        if (age >= _longestOpen || now - _longestOpenAt > LearningRules.Recently)
        {
            _longestOpen = age;
        }

        // Near the longest is as good as the longest: it shows that such ages are still open today.
        if (age >= _longestOpen / 4 * 3)
        {
            _longestOpenAt = now;
        }

        OpenUntil = Math.Max(OpenUntil, age);
        _closes.Outlived(age, now);
        if (_estimate.Timeout == LearningRules.None)
        {
            return LearningOutcome.NothingNew;
        }

        bool outlived = age > _estimate.Timeout + LearningRules.Tolerance(_estimate.Timeout);

        // If it passed the timeout before the last close at the timeout was seen, that is older news than that.
        if (outlived && now - age + _estimate.Timeout >= _estimate.ConfirmedAt)
        {
            return Contradict(now);
        }

        return GivesUp(now) ? GiveUp(now) : LearningOutcome.NothingNew;
    }

    private bool KernelKnows(long age) => !_dropsSilently && (_closesSeen || age <= LearningRules.SilenceTrusted);

    private bool IsRestart(long age, long moment) =>
        _restarts?.Contains(moment) == true || _closes.ShowsRestart(age, moment);

    private LearningOutcome TeachNothing(long moment)
    {
        (_restarts ??= new RestartMoments()).Add(moment);
        _closes.RemoveMoment(moment);
        if (_estimate.IsSetBy(moment))
        {
            // What it had taken the place of may come from an earlier restart of the series.
            _estimate = _before.IsSetByOneOf(_restarts) ? Estimate.Nothing : _before;
            _before = Estimate.Nothing;
            _contradictions = 0;
        }
        else if (_before.IsSetBy(moment))
        {
            _before = Estimate.Nothing;
        }

        return LearningOutcome.RestartSuspected;
    }

    private bool Confirms(long age) => _estimate.Timeout != LearningRules.None && LearningRules.Agree(age, _estimate.Timeout);

    private LearningOutcome Confirm(long age, long moment)
    {
        // The smaller one: this is how a server that closes within a range is followed down to the lower end of it.
        _estimate = _estimate with { Timeout = Math.Min(age, _estimate.Timeout), Confirmations = _estimate.Confirmations + 1, ConfirmedAt = Math.Max(moment, _estimate.ConfirmedAt) };
        _contradictions = 0;
        return LearningOutcome.Confirmed;
    }

    private LearningOutcome Contradict(long now)
    {
        _contradictions++;
        return GivesUp(now) ? GiveUp(now) : LearningOutcome.Contradicted;
    }

    private LearningOutcome GiveUp(long now)
    {
        long next = _closes.SmallestSupported(_estimate.ConfirmedAt);
        if (next == LearningRules.None)
        {
            _estimate = Estimate.Nothing;
            _contradictions = 0;
            return LearningOutcome.Forgotten;
        }

        return Believe(next, confirmations: 1, now);
    }

    private bool GivesUp(long now)
    {
        if (_contradictions < LearningRules.ContradictionsToGiveUp)
        {
            return false;
        }

        // Two closes that agreed by chance, in a series of restarts, are outvoted at once.
        if (_contradictions >= LearningRules.ContradictionsToOutvote && _estimate.Confirmations < LearningRules.ConfirmationsToEstablish)
        {
            return true;
        }

        long patience = _estimate.Confirmations == 0 ? LearningRules.TentativePatience : LearningRules.Patience;
        return now - _estimate.ConfirmedAt > patience;
    }

    private LearningOutcome Believe(long timeout, int confirmations, long moment, long agreedBy = LearningRules.None)
    {
        LearningOutcome outcome = _estimate.Timeout == LearningRules.None ? LearningOutcome.Learned
            : timeout < _estimate.Timeout ? LearningOutcome.Lowered
            : LearningOutcome.Raised;
        _before = _estimate;
        _estimate = new Estimate(timeout, confirmations, moment, moment, agreedBy);
        _contradictions = 0;
        _longestOpen = Math.Min(_longestOpen, timeout);
        return outcome;
    }

    private void CapOpenUntil(long closedAt) => OpenUntil = Math.Min(OpenUntil, LearningRules.SurelyOpenBelow(closedAt));
}
