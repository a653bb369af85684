namespace StaleConnGuard.Tests;

/// <summary>When a margin is given and taken back: just within each rule and just beyond it. All in seconds.</summary>
public class MarginEdgesTests
{
    private const double Timeout = 5;

    private readonly MeasuredMargin _margin = new();

    [Theory]
    [InlineData(0.1, 0.46, true)]
    [InlineData(0.1, 0.45, false)]
    [InlineData(0.2, 0.3, true)]
    public void MayKeepTime_LessThan150MillisecondsApartOnTheBeat(double one, double other, bool expected) =>
        MarginRules.MayKeepTime([Ticks(one), Ticks(other + 10)]).ShouldBe(expected);

    [Fact]
    public void At_TenMinutesAfterTheLastClose_HoldsNoLonger()
    {
        double last = Give();
        _margin.At(Ticks(last + 600)).ShouldNotBe(LearningRules.None);
        _margin.At(Ticks(last + 600) + 1).ShouldBe(LearningRules.None);
    }

    /// <summary>What speaks against a margin does not count as one of the closes for the next.</summary>
    [Theory]
    [InlineData(nameof(LearningOutcome.RestartSuspected), Timeout)]
    [InlineData(nameof(LearningOutcome.TooYoung), Timeout)]
    [InlineData(nameof(LearningOutcome.Raised), Timeout)]
    [InlineData(nameof(LearningOutcome.Forgotten), Timeout)]
    [InlineData(nameof(LearningOutcome.Noted), Timeout - 0.2)]
    public void Closed_SpeaksAgainstIt_IsTakenBackAndFiveMoreAreNeeded(string outcome, double age)
    {
        double at = Give() + 7.31;
        Closed(age, at, Enum.Parse<LearningOutcome>(outcome));
        _margin.IsGiven.ShouldBeFalse();
        at += 700;
        for (int close = 0; close < 4; close++)
        {
            Closed(Timeout, at + (7.31 * close), LearningOutcome.Confirmed);
            _margin.IsGiven.ShouldBeFalse();
        }

        Closed(Timeout, at + (7.31 * 4), LearningOutcome.Confirmed);
        _margin.IsGiven.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0.1, true)]
    [InlineData(0.101, false)]
    public void Closed_EarlierThanBelieved_ByATenthAtMost_IsNoReasonToTakeItBack(double earlier, bool expected)
    {
        // So many that two which lie a tenth apart are no chance.
        double at = 1000;
        for (int close = 0; close < 8; close++)
        {
            at += 7.31;
            Closed(Timeout, at, LearningOutcome.Confirmed);
        }

        _margin.IsGiven.ShouldBeTrue();
        Closed(Timeout - earlier, at + 7.31, LearningOutcome.Confirmed);
        _margin.IsGiven.ShouldBe(expected);
    }

    [Fact]
    public void Closed_AtTheMomentFromWhichOnItCounts_Counts()
    {
        _margin.Revoke(Ticks(1000));
        for (int close = 0; close < 5; close++)
        {
            _margin.IsGiven.ShouldBeFalse();
            Closed(Timeout, 1000 + (171.31 * close), LearningOutcome.Confirmed);
        }

        _margin.IsGiven.ShouldBeTrue();
    }

    /// <summary>Ten minutes after it was taken back it may be given again.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(-0.001, false)]
    public void Closed_TenMinutesAfterItWasTakenBack_GivesItAgain(double more, bool expected)
    {
        _margin.Revoke(Ticks(1000));
        for (int close = 1; close < 5; close++)
        {
            Closed(Timeout, 1000 + (7.31 * close), LearningOutcome.Confirmed);
        }

        Closed(Timeout, 1600 + more, LearningOutcome.Confirmed);
        _margin.IsGiven.ShouldBe(expected);
    }

    /// <summary>A hit at an age that even the whole margin allows is no matter of the margin: the wait is ten minutes, and not twice that after the next.</summary>
    [Theory]
    [InlineData(4, 600)]
    [InlineData(4.1, 1200)]
    public void StaleHit_WithinTheWholeMargin_DoublesNoWait(double age, double wait)
    {
        _margin.StaleHit(Ticks(age), Ticks(1000), Ticks(Timeout), LearningOutcome.Confirmed);
        _margin.StaleHit(Ticks(4.5), Ticks(1000), Ticks(Timeout), LearningOutcome.Confirmed);
        for (int close = 1; close < 5; close++)
        {
            Closed(Timeout, 1000 + (7.31 * close), LearningOutcome.Confirmed);
        }

        Closed(Timeout, 999 + wait, LearningOutcome.Confirmed);
        _margin.IsGiven.ShouldBeFalse();
        Closed(Timeout, 1000 + wait, LearningOutcome.Confirmed);
        _margin.IsGiven.ShouldBeTrue();
    }

    /// <summary>Five closes to the instant. Returns the moment of the last.</summary>
    private double Give()
    {
        double at = 1000;
        for (int close = 0; close < 5; close++)
        {
            at += 7.31;
            Closed(Timeout, at, LearningOutcome.Confirmed);
        }

        _margin.IsGiven.ShouldBeTrue();
        return at;
    }

    private void Closed(double age, double at, LearningOutcome outcome) =>
        _margin.Closed(Ticks(age), exact: true, Ticks(at), roundTrip: 0, Ticks(Timeout), Ticks(Timeout), outcome);

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
}
