using System.Runtime.InteropServices;

namespace StaleConnGuard;

/// <summary>
/// Learns one origin's server timeout from what happens to its connections, never by risking a request.
/// <para>
/// <em>Learned</em> by two closes that agree, or one stale hit. <em>Kept</em> as long as nothing speaks against it. <em>Lowered</em> like
/// learned. <em>Given up</em> when connections outlive it (a connection that was too old to be taken was found open, or closed later)
/// and no close has confirmed it for <see cref="LearningRules.Patience"/>; then the smallest timeout that recent closes agree on takes
/// its place, if there is one. A moment at which connections of very different ages close is a restart and teaches nothing.
/// </para>
/// Not thread-safe: the owner locks. All times in <see cref="TimeSpan"/> ticks; <c>now</c> and <c>moment</c> on one monotonic clock.
/// </summary>
internal sealed class TimeoutLearner
{
    private readonly RecentCloses _closes = new();
    private Belief _belief = Belief.Nothing;
    private Belief _before = Belief.Nothing;
    private int _doubts;

    // The moment whose close or stale hit set the belief, so that it can be undone if that moment turns out to be a restart.
    private long _setBy = LearningRules.None;
    private long _restartAt = LearningRules.None;

    // Whether the peer was ever seen to close, and whether it was seen to drop a connection without a word.
    private bool _closesSeen;
    private bool _dropsSilently;

    private long _longestOpen;
    private long _longestOpenAt;

    /// <summary>The learned server timeout, or <see cref="LearningRules.None"/>.</summary>
    public long Timeout => _belief.Timeout;

    /// <summary>Connections were open at this idle age, and none was closed at it since.</summary>
    public long OpenUntil { get; private set; }

    public LearningOutcome IdleClosed(long age, bool exact, long moment)
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

        if (age > _belief.Timeout)
        {
            // A close found late may have happened at the known timeout: no second candidate, only a missing confirmation.
            if (exact)
            {
                _closes.Add(age, moment);
            }

            return Doubt(moment);
        }

        long agreeing = _closes.SmallestAgreeing(age, moment);
        _closes.Add(age, moment);
        if (agreeing == LearningRules.None)
        {
            return LearningOutcome.Noted;
        }

        return Believe(Math.Min(age, agreeing), confirmed: true, moment);
    }

    public LearningOutcome StaleHit(long age, bool reset, long now)
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

        long agreeing = _closes.SmallestAgreeing(age, now);
        _closes.Add(age, now);
        if (age > _belief.Timeout)
        {
            return Doubt(now);
        }

        if (agreeing != LearningRules.None)
        {
            return Believe(Math.Min(age, agreeing), confirmed: true, now);
        }

        // A restart loses requests on connections of any age. That connections were open at three times this age a short while ago
        // says so; a server whose timeout was really lowered closes a second one soon.
        if (LearningRules.FarBelow(age, _longestOpen) && now - _longestOpenAt <= LearningRules.Patience)
        {
            return LearningOutcome.FarBelowOpen;
        }

        return Believe(age, confirmed: false, now);
    }

    public LearningOutcome SeenOpen(long age, bool answered, long now)
    {
        if (!answered && !KernelKnows(age))
        {
            return LearningOutcome.NothingNew;
        }

        if (age >= _longestOpen || now - _longestOpenAt > LearningRules.Patience)
        {
            _longestOpen = age;
        }

        // Near the longest is as good as the longest: it shows that such ages are still open today.
        if (age >= _longestOpen / 4 * 3)
        {
            _longestOpenAt = now;
        }

        OpenUntil = Math.Max(OpenUntil, age);
        _closes.RemoveRefuted(age, now);
        if (_belief.Timeout == LearningRules.None || age <= _belief.Timeout + LearningRules.Tolerance(_belief.Timeout))
        {
            return LearningOutcome.NothingNew;
        }

        // It ran past the timeout before the last close at the timeout was seen: older news than that.
        if (now - age + _belief.Timeout < _belief.ConfirmedAt)
        {
            return LearningOutcome.NothingNew;
        }

        return Doubt(now);
    }

    private bool KernelKnows(long age) => !_dropsSilently && (_closesSeen || age <= LearningRules.SilenceTrusted);

    private bool IsRestart(long age, long moment) =>
        (_restartAt != LearningRules.None && LearningRules.AtOnce(_restartAt, moment)) || _closes.ShowsRestart(age, moment);

    private LearningOutcome TeachNothing(long moment)
    {
        _restartAt = moment;
        _closes.RemoveMoment(moment);
        if (_setBy != LearningRules.None && LearningRules.AtOnce(_setBy, moment))
        {
            _belief = _before;
            _setBy = LearningRules.None;
            _doubts = 0;
        }

        return LearningOutcome.RestartSuspected;
    }

    private bool Confirms(long age) => _belief.Timeout != LearningRules.None && LearningRules.Agree(age, _belief.Timeout);

    private LearningOutcome Confirm(long age, long moment)
    {
        // The smaller one: this is how a server that closes within a range is followed down to the lower end of it.
        _belief = new Belief(Math.Min(age, _belief.Timeout), Confirmed: true, Math.Max(moment, _belief.ConfirmedAt));
        _doubts = 0;
        return LearningOutcome.Confirmed;
    }

    private LearningOutcome Doubt(long now)
    {
        _doubts++;
        if (_doubts < LearningRules.DoubtsToGiveUp)
        {
            return LearningOutcome.Doubted;
        }

        long patience = _belief.Confirmed ? LearningRules.Patience : LearningRules.TentativePatience;
        if (now - _belief.ConfirmedAt <= patience)
        {
            return LearningOutcome.Doubted;
        }

        long next = _closes.SmallestSupported(_belief.ConfirmedAt);
        if (next == LearningRules.None)
        {
            _belief = Belief.Nothing;
            _setBy = LearningRules.None;
            return LearningOutcome.Forgotten;
        }

        return Believe(next, confirmed: true, now);
    }

    private LearningOutcome Believe(long timeout, bool confirmed, long moment)
    {
        LearningOutcome outcome = _belief.Timeout == LearningRules.None ? LearningOutcome.Learned
            : timeout < _belief.Timeout ? LearningOutcome.Lowered
            : LearningOutcome.Raised;
        _before = _belief;
        _belief = new Belief(timeout, confirmed, moment);
        _setBy = moment;
        _doubts = 0;
        _longestOpen = Math.Min(_longestOpen, timeout);
        return outcome;
    }

    private void CapOpenUntil(long closedAt) => OpenUntil = Math.Min(OpenUntil, LearningRules.SurelyOpenBelow(closedAt));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Belief(long Timeout, bool Confirmed, long ConfirmedAt)
    {
        public static Belief Nothing { get; } = new(LearningRules.None, Confirmed: false, 0);
    }
}
