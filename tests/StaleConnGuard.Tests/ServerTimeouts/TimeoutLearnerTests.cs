namespace StaleConnGuard.Tests;

/// <summary>The edges of what is learned: just within a rule, and just beyond it. All in seconds.</summary>
public class TimeoutLearnerTests
{
    private readonly TimeoutLearner _learner = new();

    private double? Timeout => _learner.Timeout == LearningRules.None ? null : Seconds(_learner.Timeout);

    private double OpenUntil => Seconds(_learner.OpenUntil);

    private double InterestedFrom => Seconds(_learner.InterestedFrom);

    [Fact]
    public void InterestedFrom_NothingSeen_HalfASecond() => InterestedFrom.ShouldBe(0.5);

    [Fact]
    public void InterestedFrom_SeenOpen_ThreeQuartersOfTheLongest()
    {
        Open(20, at: 1000).ShouldBe(LearningOutcome.NothingNew);
        InterestedFrom.ShouldBe(15);
        Open(12, at: 1001).ShouldBe(LearningOutcome.NothingNew);
        InterestedFrom.ShouldBe(15);
        Open(40, at: 1002).ShouldBe(LearningOutcome.NothingNew);
        InterestedFrom.ShouldBe(30);
    }

    [Theory]
    [InlineData(1600, 15)]
    [InlineData(1600.1, 7.5)]
    public void InterestedFrom_TheLongestWasMoreThanTenMinutesAgo_TheNextTakesItsPlace(double at, double expected)
    {
        Open(20, at: 1000);
        Open(10, at);
        InterestedFrom.ShouldBe(expected);
    }

    [Theory]
    [InlineData(15, 15)]
    [InlineData(14.9, 7.5)]
    public void InterestedFrom_SeenOpenNearTheLongest_TheLongestLasts(double near, double expected)
    {
        Open(20, at: 1000);
        Open(near, at: 1500);
        Open(10, at: 1700);
        InterestedFrom.ShouldBe(expected);
    }

    [Fact]
    public void InterestedFrom_ACloseWaitsForASecond_WhatMayRefuteIt()
    {
        Open(20, at: 1000);
        Closed(5, at: 1010).ShouldBe(LearningOutcome.Noted);
        InterestedFrom.ShouldBe(5.5);
    }

    [Fact]
    public void InterestedFrom_LearnedFromAHit_NothingLongerIsKnownToBeOpen()
    {
        Open(30, at: 1000);
        Hit(11, at: 1001).ShouldBe(LearningOutcome.Learned);
        InterestedFrom.ShouldBe(8.25);
    }

    [Fact]
    public void InterestedFrom_TwiceContradicted_EverythingUntilItIsConfirmed()
    {
        Learn(5);
        Open(8, at: 1100).ShouldBe(LearningOutcome.Contradicted);
        InterestedFrom.ShouldBe(5.5);
        Open(8, at: 1110).ShouldBe(LearningOutcome.Contradicted);
        InterestedFrom.ShouldBe(0.5);
        Closed(5, at: 1120).ShouldBe(LearningOutcome.Confirmed);
        InterestedFrom.ShouldBe(5.5);
    }

    [Fact]
    public void InterestedFrom_Forgotten_NotEverythingAnyMore()
    {
        Learn(5);
        Open(20, at: 1100);
        Open(20, at: 1110);
        Open(20, at: 1600).ShouldBe(LearningOutcome.Forgotten);
        InterestedFrom.ShouldBe(15);
    }

    [Theory]
    [InlineData(5.5, nameof(LearningOutcome.NothingNew))]
    [InlineData(5.6, nameof(LearningOutcome.Contradicted))]
    public void Open_LongerThanTheTimeoutAndItsTolerance_SpeaksAgainstIt(double age, string expected)
    {
        Learn(5);
        Open(age, at: 1100).ToString().ShouldBe(expected);
    }

    /// <summary>It had passed the five seconds before the close that confirmed them, at 1010: no news.</summary>
    [Theory]
    [InlineData(1024.9, nameof(LearningOutcome.NothingNew))]
    [InlineData(1025, nameof(LearningOutcome.Contradicted))]
    public void Open_PassedTheTimeoutBeforeItWasConfirmed_IsNoContradiction(double at, string expected)
    {
        Learn(5);
        Open(20, at).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Open_ShorterThanBefore_TakesNothingBack()
    {
        Open(20, at: 1000);
        Open(16, at: 1001);
        OpenUntil.ShouldBe(20);
    }

    [Theory]
    [InlineData(120, 120)]
    [InlineData(120.1, 0)]
    public void Open_KernelSaysSoOfAPeerThatWasNeverSeenToClose_TwoMinutes(double age, double expected)
    {
        Open(age, at: 1000, answered: false);
        OpenUntil.ShouldBe(expected);
    }

    [Fact]
    public void Open_KernelSaysSoOfAPeerThatDropsSilently_IsNotBelievedUntilItIsSeenToClose()
    {
        Hit(240, at: 1000, reset: true).ShouldBe(LearningOutcome.Learned);
        Open(100, at: 1010, answered: false);
        OpenUntil.ShouldBe(0);
        Closed(240, at: 1020).ShouldBe(LearningOutcome.Confirmed);
        Open(100, at: 1030, answered: false);
        OpenUntil.ShouldBe(100);

        Hit(240, at: 1040, reset: true).ShouldBe(LearningOutcome.Confirmed);
        Open(110, at: 1050, answered: false);
        OpenUntil.ShouldBe(110, "a reset of a peer that has been seen to close is no sign of silence");
    }

    [Fact]
    public void Hit_TwiceWithAReset_IsNoLessASignOfSilence()
    {
        Hit(240, at: 1000, reset: true);
        Hit(240, at: 1005, reset: true);
        Open(100, at: 1010, answered: false);
        OpenUntil.ShouldBe(0);
    }

    [Fact]
    public void Hit_WithoutAReset_IsNoSignOfSilence()
    {
        Hit(240, at: 1000);
        Open(100, at: 1010, answered: false);
        OpenUntil.ShouldBe(100);
    }

    [Fact]
    public void Hit_AgeAtWhichConnectionsWereOpen_CapsThem()
    {
        Open(30, at: 1000);
        Hit(20, at: 1001);
        OpenUntil.ShouldBe(19);
    }

    [Fact]
    public void Young_CloseOrHit_CapsWhatIsOpenAndIsAMarkOfARestart()
    {
        Open(30, at: 1000);
        Closed(0.4, at: 1001).ShouldBe(LearningOutcome.TooYoung);
        OpenUntil.ShouldBeLessThan(0.4);
        Closed(3, at: 1001.1).ShouldBe(LearningOutcome.RestartSuspected);

        Open(30, at: 1010);
        Hit(0.4, at: 1011).ShouldBe(LearningOutcome.TooYoung);
        OpenUntil.ShouldBeLessThan(0.4);
        Closed(3, at: 1011.1).ShouldBe(LearningOutcome.RestartSuspected);
    }

    [Theory]
    [InlineData(0.5, nameof(LearningOutcome.Noted))]
    [InlineData(0.499, nameof(LearningOutcome.TooYoung))]
    public void Closed_AtHalfASecond_MayBeATimeout(double age, string expected) => Closed(age, at: 1000).ToString().ShouldBe(expected);

    [Theory]
    [InlineData(0.5, nameof(LearningOutcome.Learned))]
    [InlineData(0.499, nameof(LearningOutcome.TooYoung))]
    public void Hit_AtHalfASecond_MayBeATimeout(double age, string expected) => Hit(age, at: 1000).ToString().ShouldBe(expected);

    [Theory]
    [InlineData(1600, nameof(LearningOutcome.FarBelowOpen))]
    [InlineData(1600.1, nameof(LearningOutcome.Learned))]
    public void Hit_FarBelowWhatWasOpenTenMinutesAgo_NeedsASecond(double at, string expected)
    {
        Open(30, at: 1000);
        Hit(3, at).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Hit_AtTheTimeout_ConfirmsIt_AndALowerOneLowersIt()
    {
        Learn(5);
        Hit(5.2, at: 1020).ShouldBe(LearningOutcome.Confirmed);
        Timeout.ShouldBe(5);
        Seconds(_learner.ConfirmedAt).ShouldBe(1020);
        Hit(4.9, at: 1030).ShouldBe(LearningOutcome.Confirmed);
        Timeout.ShouldBe(4.9);
    }

    [Fact]
    public void Hit_BeyondTheTimeout_SpeaksAgainstItAndIsRemembered()
    {
        Learn(5);
        Hit(20, at: 1030).ShouldBe(LearningOutcome.Contradicted);
        Hit(20, at: 1040).ShouldBe(LearningOutcome.Contradicted);
        Hit(20, at: 1500).ShouldBe(LearningOutcome.Raised);
        Timeout.ShouldBe(20);
    }

    [Fact]
    public void Hit_ThatAgreesWithAnEarlierClose_IsAsGoodAsTwoCloses()
    {
        Closed(5, at: 1000);
        Hit(5.1, at: 1010).ShouldBe(LearningOutcome.Learned);
        Timeout.ShouldBe(5);
        Open(20, at: 1100);
        Open(20, at: 1110);
        Open(20, at: 1400).ShouldBe(LearningOutcome.Contradicted, "eight minutes and not one");
    }

    [Fact]
    public void Closed_FoundLateBeyondTheTimeout_SpeaksAgainstItAndIsNoCandidate()
    {
        Learn(5);
        Closed(30, at: 1100, exact: false).ShouldBe(LearningOutcome.Contradicted);
        Closed(30, at: 1110, exact: false).ShouldBe(LearningOutcome.Contradicted);
        Closed(30, at: 1500, exact: false).ShouldBe(LearningOutcome.Forgotten);
        Timeout.ShouldBeNull();
    }

    /// <summary>Closed at 30 s, it was open at 5 s: an earlier close at 4 s that waited for a second is refuted.</summary>
    [Fact]
    public void Closed_BeyondTheTimeout_OutlivedWhatLiesBelow()
    {
        Learn(5);
        Closed(2, at: 1100).ShouldBe(LearningOutcome.Noted);
        Closed(30, at: 1200).ShouldBe(LearningOutcome.Contradicted);
        Closed(2, at: 1210).ShouldBe(LearningOutcome.Noted);
        Timeout.ShouldBe(5);
    }

    [Fact]
    public void Confirmed_ByACloseFoundLate_KeepsTheLaterMoment()
    {
        Learn(5);
        Closed(5, at: 1005).ShouldBe(LearningOutcome.Confirmed);
        Seconds(_learner.ConfirmedAt).ShouldBe(1010);
        Closed(5, at: 1050).ShouldBe(LearningOutcome.Confirmed);
        Seconds(_learner.ConfirmedAt).ShouldBe(1050);
    }

    [Theory]
    [InlineData(1490, nameof(LearningOutcome.Contradicted))]
    [InlineData(1490.1, nameof(LearningOutcome.Forgotten))]
    public void Patience_OfWhatTwoClosesSaid_IsEightMinutes(double at, string expected)
    {
        Learn(5);
        Open(20, at: 1100);
        Open(20, at).ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData(1060, nameof(LearningOutcome.Contradicted))]
    [InlineData(1060.1, nameof(LearningOutcome.Forgotten))]
    public void Patience_OfWhatOneHitSaid_IsAMinute(double at, string expected)
    {
        Hit(5, at: 1000);
        Open(20, at: 1030);
        Open(20, at).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Patience_OfWhatTookOver_IsEightMinutes()
    {
        Learn(5);
        Closed(30, at: 1100);
        Closed(30, at: 1110);
        Closed(30, at: 1500).ShouldBe(LearningOutcome.Raised);
        Open(60, at: 1600);
        Open(60, at: 1700).ShouldBe(LearningOutcome.Contradicted);
        Open(60, at: 1981).ShouldBe(LearningOutcome.Forgotten);
    }

    [Theory]
    [InlineData(1, nameof(LearningOutcome.Forgotten))]
    [InlineData(2, nameof(LearningOutcome.Contradicted))]
    public void Outvoted_ByTwentyInARow_UnlessConfirmedThreeTimes(int closes, string expected)
    {
        Learn(5);
        for (int close = 1; close <= closes; close++)
        {
            Closed(5, at: 1010 + (10 * close));
        }

        for (int open = 1; open < 20; open++)
        {
            Open(20, at: 1100 + open).ShouldBe(LearningOutcome.Contradicted);
        }

        Open(20, at: 1150).ToString().ShouldBe(expected);
    }

    [Fact]
    public void Restart_BothItsHitsTaught_BothAreUndone()
    {
        Hit(8, at: 1000).ShouldBe(LearningOutcome.Learned);
        Hit(6, at: 1000.05).ShouldBe(LearningOutcome.Lowered);
        Closed(0.2, at: 1000.1).ShouldBe(LearningOutcome.RestartSuspected);
        Timeout.ShouldBeNull();
    }

    [Fact]
    public void Restart_WhatItHadTakenThePlaceOf_WasARestartToo_NothingIsLeft()
    {
        Hit(8, at: 1000).ShouldBe(LearningOutcome.Learned);
        Hit(6, at: 1040).ShouldBe(LearningOutcome.Lowered);
        Closed(0.2, at: 1000.05).ShouldBe(LearningOutcome.RestartSuspected);
        Timeout.ShouldBe(6);
        Closed(0.2, at: 1040.05).ShouldBe(LearningOutcome.RestartSuspected);
        Timeout.ShouldBeNull();
    }

    /// <summary>What a restart had taught stays undone when so many have come since that it is not remembered itself.</summary>
    [Fact]
    public void Restart_UndoneLongBefore_DoesNotComeBack()
    {
        Hit(8, at: 1000).ShouldBe(LearningOutcome.Learned);
        Hit(6, at: 1040).ShouldBe(LearningOutcome.Lowered);
        Closed(0.2, at: 1000.05).ShouldBe(LearningOutcome.RestartSuspected);
        for (int restart = 0; restart < 9; restart++)
        {
            Closed(3, at: 1100 + restart);
            Closed(0.2, at: 1100.05 + restart).ShouldBe(LearningOutcome.RestartSuspected);
        }

        Timeout.ShouldBe(6);
        Closed(0.2, at: 1040.05).ShouldBe(LearningOutcome.RestartSuspected);
        Timeout.ShouldBeNull();
    }

    [Fact]
    public void Restart_Undone_WhatSpokeAgainstItIsNotHeldAgainstTheOther()
    {
        Learn(20);
        Hit(8, at: 1040).ShouldBe(LearningOutcome.Lowered);
        Open(12, at: 1060).ShouldBe(LearningOutcome.Contradicted);
        Closed(0.2, at: 1040.05).ShouldBe(LearningOutcome.RestartSuspected);
        Timeout.ShouldBe(20);
        Open(30, at: 1100).ShouldBe(LearningOutcome.Contradicted);
        InterestedFrom.ShouldNotBe(0.5);
    }

    [Fact]
    public void Margin_IsMadeWithTheFirstCloseOrWhenAHitBreaksAPromise()
    {
        Hit(5, at: 1000);
        _learner.Margin.ShouldBeNull("nothing had been promised");
        Hit(5, at: 1010);
        _learner.Margin.ShouldNotBeNull();

        var other = new TimeoutLearner();
        other.SeenOpen(Ticks(5), answered: true, Ticks(1000));
        other.Margin.ShouldBeNull();
        other.IdleClosed(Ticks(5), exact: true, Ticks(1010), roundTrip: 0);
        other.Margin.ShouldNotBeNull();
    }

    /// <summary>Two closes that agree, at 1000 and at 1010.</summary>
    private void Learn(double timeout)
    {
        Closed(timeout, at: 1000).ShouldBe(LearningOutcome.Noted);
        Closed(timeout, at: 1010).ShouldBe(LearningOutcome.Learned);
    }

    private LearningOutcome Closed(double age, double at, bool exact = true) => _learner.IdleClosed(Ticks(age), exact, Ticks(at), roundTrip: 0);

    private LearningOutcome Hit(double age, double at, bool reset = false) => _learner.StaleHit(Ticks(age), reset, Ticks(at));

    private LearningOutcome Open(double age, double at, bool answered = true) => _learner.SeenOpen(Ticks(age), answered, Ticks(at));

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);

    private static double Seconds(long ticks) => TimeSpan.FromTicks(ticks).TotalSeconds;
}
