namespace StaleConnGuard.Tests;

public class LearningTests
{
    private readonly OriginUnderTest _origin = new();

    [Fact]
    public void IdleClosed_Once_TeachesNothingYet()
    {
        _origin.Wait(60).Closed(5).ShouldBe(LearningOutcome.Noted);
        _origin.Learned.ShouldBeNull();
    }

    [Theory]
    [InlineData(5.0, 5.0, 5.0)]
    [InlineData(60.0, 55.0, 55.0)]
    [InlineData(2.0, 2.24, 2.0)]
    public void IdleClosed_TwiceInAgreement_TeachesTheSmaller(double first, double second, double expected)
    {
        _origin.Wait(60).Closed(first);
        _origin.Wait(10).Closed(second).ShouldBe(LearningOutcome.Learned);
        _origin.Learned.ShouldBe(expected);
    }

    [Fact]
    public void IdleClosed_TwiceInDisagreement_TeachesNothing()
    {
        _origin.Wait(60).Closed(5);
        _origin.Wait(10).Closed(10).ShouldBe(LearningOutcome.Noted);
        _origin.Learned.ShouldBeNull();
    }

    [Fact]
    public void IdleClosed_TwiceAtOneMoment_CountsOnce()
    {
        _origin.Wait(60).Closed(5);
        _origin.Wait(0.1).Closed(5).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(0.11).Closed(5).ShouldBe(LearningOutcome.Learned);
    }

    [Fact]
    public void IdleClosed_FoundLateButDated_CountsByTheMomentOfTheClose()
    {
        // Found together at one checkout, closed five seconds apart: two observations. Found apart, closed together: one.
        _origin.Wait(60).Closed(5, ago: 1);
        _origin.Closed(5, ago: 6).ShouldBe(LearningOutcome.Learned);

        var other = new OriginUnderTest();
        other.Wait(60).Closed(5, ago: 1);
        other.Wait(3).Closed(5, ago: 4).ShouldBe(LearningOutcome.Noted);
    }

    [Fact]
    public void IdleClosed_TwoTooFarApartInTime_TeachNothing()
    {
        _origin.Wait(60).Closed(5);
        _origin.Wait(601).Closed(5).ShouldBe(LearningOutcome.Noted);
    }

    [Fact]
    public void IdleClosed_YoungerThanAnyTimeout_NeverTeaches()
    {
        for (int i = 0; i < 20; i++)
        {
            _origin.Wait(1).Closed(0.05).ShouldBe(LearningOutcome.TooYoung);
        }

        _origin.Learned.ShouldBeNull();
    }

    [Fact]
    public void StaleHit_NothingKnown_TeachesAtOnce()
    {
        _origin.Wait(60).Stale(4.99).ShouldBe(LearningOutcome.Learned);
        _origin.Learned.ShouldBe(4.99);
    }

    [Fact]
    public void StaleHit_FarBelowWhatWasJustOpen_NeedsASecond()
    {
        _origin.Wait(60).Open(30);
        _origin.Wait(1).Stale(3).ShouldBe(LearningOutcome.FarBelowOpen);
        _origin.Learned.ShouldBeNull();
        _origin.Wait(5).Stale(3.1).ShouldBe(LearningOutcome.Learned);
        _origin.Learned.ShouldBe(3);
    }

    [Fact]
    public void StaleHit_FarBelowWhatWasOpenLongAgo_TeachesAtOnce()
    {
        _origin.Wait(60).Open(30);
        _origin.Wait(601).Stale(3).ShouldBe(LearningOutcome.Learned);
    }

    [Fact]
    public void StaleHit_AtFiftyMilliseconds_NeverTeaches()
    {
        _origin.Wait(60).Stale(0.05).ShouldBe(LearningOutcome.TooYoung);
        _origin.Wait(1).Stale(0.05).ShouldBe(LearningOutcome.TooYoung);
        _origin.Learned.ShouldBeNull();
    }

    [Fact]
    public void Restart_ManyAgesAtOneMoment_TeachesNothing()
    {
        _origin.Wait(60);
        _origin.Closed(3).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(0.03).Closed(14).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Wait(0.03).Closed(3).ShouldBe(LearningOutcome.RestartSuspected);

        // Neither did the first of them leave anything behind that could agree with a later one.
        _origin.Wait(5).Closed(3).ShouldBe(LearningOutcome.Noted);
    }

    [Fact]
    public void Restart_StaleHitBeforeItIsRecognised_IsUndone()
    {
        _origin.Wait(60).Closed(20);
        _origin.Wait(20).Closed(20);
        _origin.Learned.ShouldBe(20);

        _origin.Wait(20).Stale(8).ShouldBe(LearningOutcome.Lowered);
        _origin.Wait(0.05).Closed(0.2).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Learned.ShouldBe(20);
    }

    [Fact]
    public void Restart_FoundOutLaterAtCheckout_IsUndoneAllTheSame()
    {
        _origin.Wait(60).Stale(8).ShouldBe(LearningOutcome.Learned);
        _origin.Wait(30).Closed(1, ago: 30).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Learned.ShouldBeNull();
    }

    [Fact]
    public void Restarts_OneAfterTheOtherAndTheirLastClosesFoundLate_TeachNothing()
    {
        for (int restart = 0; restart < 3; restart++)
        {
            _origin.Wait(1.5).Closed(3);
            _origin.Closed(0.2).ShouldBe(LearningOutcome.RestartSuspected);
        }

        _origin.Wait(1);
        _origin.Closed(1.5, ago: 4).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Closed(1.6, ago: 2.5).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Closed(1.55, ago: 1).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Learned.ShouldBeNull();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2.5)]
    public void Restarts_WhoseClosesAgreed_AreUndoneWhicheverIsRecognised(double ago)
    {
        _origin.Wait(60).Closed(2, ago: 2.5).ShouldBe(LearningOutcome.Noted);
        _origin.Closed(2.1, ago: 1).ShouldBe(LearningOutcome.Learned);

        _origin.Closed(0.2, ago: ago).ShouldBe(LearningOutcome.RestartSuspected);
        _origin.Learned.ShouldBeNull();
    }

    [Fact]
    public void Restarts_RollingThroughABusyPool_TeachNothing()
    {
        // No connection is idle for longer than 0.8 s: two restarts close connections at ages that agree, but each closes young ones as well.
        foreach (double older in new[] { 0.62, 0.57, 0.79 })
        {
            _origin.Wait(1.5).Closed(older);
            _origin.Wait(0.3).Closed(0.12, ago: 0.3).ShouldBe(LearningOutcome.RestartSuspected);
            _origin.Learned.ShouldBeNull();
        }
    }

    [Fact]
    public void Heartbeat_ClosesTogetherWithinASecondOfAge_IsNoRestart()
    {
        _origin.Wait(60).Closed(3.0);
        _origin.Closed(3.8).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(5).Closed(3.2).ShouldBe(LearningOutcome.Learned);
        _origin.Learned.ShouldBe(3.0);
    }

    [Fact]
    public void Lowered_TwoClosesEarlier_IsFollowed()
    {
        Learn(60);
        _origin.Wait(20).Closed(5).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(20).Closed(5).ShouldBe(LearningOutcome.Lowered);
        _origin.Learned.ShouldBe(5);
    }

    [Fact]
    public void Raised_ConnectionsOutliveIt_IsFollowedWithinTenMinutes()
    {
        Learn(5);
        _origin.Wait(60).Open(20).ShouldBe(LearningOutcome.Contradicted);
        _origin.Wait(400).Open(20).ShouldBe(LearningOutcome.Contradicted);
        _origin.Learned.ShouldBe(5);

        _origin.Wait(21).Open(20).ShouldBe(LearningOutcome.Forgotten);
        _origin.Learned.ShouldBeNull();
        _origin.OpenUntil.ShouldBe(20);
    }

    [Fact]
    public void Raised_AnyRequestAfterThePatience_NoticesIt()
    {
        Learn(5);
        _origin.Wait(60).Open(20);
        _origin.Wait(60).Open(20);
        _origin.Wait(361).Open(2, answered: true).ShouldBe(LearningOutcome.Forgotten);
    }

    [Fact]
    public void Restarts_TwoClosesAgreeByChance_AreOutvoted()
    {
        Learn(5);
        _origin.Wait(20);
        for (int i = 1; i < 20; i++)
        {
            _origin.Wait(10).Open(20).ShouldBe(LearningOutcome.Contradicted);
        }

        _origin.Wait(10).Open(20).ShouldBe(LearningOutcome.Forgotten);
    }

    [Fact]
    public void Established_IsNotOutvoted()
    {
        Learn(5);
        _origin.Wait(10).Closed(5);
        _origin.Wait(10).Closed(5);
        _origin.Wait(20);
        for (int i = 0; i < 40; i++)
        {
            _origin.Wait(10).Open(20).ShouldBe(LearningOutcome.Contradicted);
        }
    }

    [Fact]
    public void Close_ThreeConnectionsOutliveItsAge_IsRefutedBeforeASecondAgrees()
    {
        _origin.Wait(60).Closed(5);
        for (int i = 0; i < 3; i++)
        {
            _origin.Wait(10).Open(8, answered: true);
        }

        _origin.Wait(10).Closed(5).ShouldBe(LearningOutcome.Noted);
    }

    [Fact]
    public void Close_ConnectionsThatPassedItsAgeBefore_RefuteNothing()
    {
        // Both passed five seconds of idleness before the server closed at five: that may be when its timeout was changed.
        _origin.Wait(60).Closed(5);
        _origin.Wait(1).Open(50);
        _origin.Open(40);
        _origin.Open(30);
        _origin.Wait(10).Closed(5).ShouldBe(LearningOutcome.Learned);
    }

    [Fact]
    public void Raised_LaterClosesAgree_TheirTimeoutTakesOver()
    {
        Learn(5);
        _origin.Wait(60).Closed(30).ShouldBe(LearningOutcome.Contradicted);
        _origin.Wait(60).Closed(30).ShouldBe(LearningOutcome.Contradicted);
        _origin.Wait(361).Closed(30).ShouldBe(LearningOutcome.Raised);
        _origin.Learned.ShouldBe(30);
    }

    [Fact]
    public void Learned_NothingSpeaksAgainstIt_IsKept()
    {
        Learn(5);
        _origin.Wait(86_400).Open(4);
        _origin.Learned.ShouldBe(5);
    }

    [Fact]
    public void Learned_ConfirmedNowAndThen_IsKeptAgainstDoubts()
    {
        Learn(5);
        for (int i = 0; i < 100; i++)
        {
            _origin.Wait(200).Open(20);
            _origin.Wait(200).Closed(5);
        }

        _origin.Learned.ShouldBe(5);
    }

    [Fact]
    public void Learned_FromOneStaleHitOnly_IsGivenUpAfterAMinute()
    {
        _origin.Wait(60).Stale(5);
        _origin.Wait(50).Open(20).ShouldBe(LearningOutcome.Contradicted);
        _origin.Wait(11).Open(20).ShouldBe(LearningOutcome.Forgotten);
    }

    [Fact]
    public void SilentBalancer_KernelSaysEstablished_IsNoEvidence()
    {
        _origin.Wait(400).Stale(240, reset: true).ShouldBe(LearningOutcome.Learned);
        _origin.Wait(1000).Open(500);
        _origin.Wait(1000).Open(500);
        _origin.Wait(1000).Open(500);
        _origin.Learned.ShouldBe(240);
        _origin.OpenUntil.ShouldBe(0);
    }

    [Fact]
    public void SeenOpen_PeerNeverSeenToClose_KernelIsTrustedForTwoMinutesOnly()
    {
        _origin.Wait(600).Open(300);
        _origin.OpenUntil.ShouldBe(0);
        _origin.Open(100);
        _origin.OpenUntil.ShouldBe(100);
        _origin.Open(300, answered: true);
        _origin.OpenUntil.ShouldBe(300);
    }

    [Fact]
    public void SeenOpen_CloseBelowIt_IsCappedBelowTheClose()
    {
        _origin.Wait(60).Open(30);
        _origin.Wait(60).Closed(10);
        _origin.OpenUntil.ShouldBe(9);
    }

    [Fact]
    public void Uneven_ClosesWithinARange_IsFollowedDownToItsLowerEnd()
    {
        var random = new Random(7);
        for (int i = 0; i < 200; i++)
        {
            _origin.Wait(10).Closed(1.0 + (random.NextDouble() * 1.9));
        }

        _origin.Learned!.Value.ShouldBeInRange(1.0, 1.1);
    }

    private void Learn(double seconds)
    {
        _origin.Wait(seconds + 1).Closed(seconds);
        _origin.Wait(seconds + 1).Closed(seconds).ShouldBe(LearningOutcome.Learned);
    }
}
