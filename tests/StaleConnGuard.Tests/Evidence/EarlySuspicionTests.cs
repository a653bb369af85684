namespace StaleConnGuard.Tests.Evidence;

public class EarlySuspicionTests
{
    private const ulong Before = 500;

    private EarlySuspicion _suspicion;

    [Fact]
    public void Judge_NothingAcknowledgedYet_IsTooSoon() => Judge(100, retransmits: 0, total: 0).ShouldBe(EarlyFinding.TooSoon);

    [Fact]
    public void Judge_OneByteAcknowledged_IsAliveHoweverOftenTheRestWasSent() =>
        Judge(900, retransmits: 5, total: 5, acknowledged: Before + 1).ShouldBe(EarlyFinding.Alive);

    [Fact]
    public void Judge_BytesCameSinceTheWrite_IsAlive() =>
        Judge(900, retransmits: 5, total: 5, lastData: TimeSpan.FromMilliseconds(899)).ShouldBe(EarlyFinding.Alive);

    [Fact]
    public void Judge_NoLongerEstablished_HasEnded() =>
        Judge(900, retransmits: 5, total: 5, state: TcpSnapshot.CloseWait).ShouldBe(EarlyFinding.Ended);

    [Fact]
    public void Judge_TimerRanOutTwice_IsDead()
    {
        Judge(100, retransmits: 0, total: 7).ShouldBe(EarlyFinding.TooSoon);
        Judge(250, retransmits: 1, total: 8).ShouldBe(EarlyFinding.TooSoon, "sent twice only");
        Judge(650, retransmits: 2, total: 9).ShouldBe(EarlyFinding.Dead);
    }

    [Fact]
    public void Judge_TimerRanOutOnceAfterProbe_IsDeadTwoRoundTripsLater()
    {
        Judge(100, retransmits: 0, total: 7).ShouldBe(EarlyFinding.TooSoon);
        Judge(250, retransmits: 0, total: 8).ShouldBe(EarlyFinding.TooSoon);
        Judge(500, retransmits: 1, total: 9, roundTrip: 60).ShouldBe(EarlyFinding.TooSoon, "the last one may still be answered");
        Judge(619, retransmits: 1, total: 9, roundTrip: 60).ShouldBe(EarlyFinding.TooSoon);
        Judge(620, retransmits: 1, total: 9, roundTrip: 60).ShouldBe(EarlyFinding.Dead);
    }

    [Fact]
    public void Judge_FirstLookComesLate_StillNeedsThreeSends()
    {
        Judge(400, retransmits: 1, total: 8).ShouldBe(EarlyFinding.TooSoon, "the probe before is not known of");
        Judge(900, retransmits: 2, total: 9).ShouldBe(EarlyFinding.Dead);
    }

    [Fact]
    public void Judge_WindowClosed_IsNeverDead() => Judge(60_000, retransmits: 0, total: 9, unacknowledged: 0).ShouldBe(EarlyFinding.TooSoon);

    [Fact]
    public void Judge_BytesCameInTheMomentOfTheWrite_AreOfBefore() =>
        Judge(900, retransmits: 2, total: 2, lastData: TimeSpan.FromMilliseconds(900)).ShouldBe(EarlyFinding.Dead);

    [Fact]
    public void Judge_SentAgainOnTheSameTimer_CountsFromTheFirstLook()
    {
        Judge(100, retransmits: 0, total: 0).ShouldBe(EarlyFinding.TooSoon);
        Judge(300, retransmits: 1, total: 2, roundTrip: 100).ShouldBe(EarlyFinding.TooSoon);
        Judge(400, retransmits: 1, total: 2, roundTrip: 100).ShouldBe(EarlyFinding.TooSoon);
        Judge(500, retransmits: 1, total: 2, roundTrip: 100).ShouldBe(EarlyFinding.Dead);
    }

    [Fact]
    public void Judge_SentTwice_IsTooSoonHoweverLongAgo()
    {
        Judge(100, retransmits: 0, total: 7).ShouldBe(EarlyFinding.TooSoon);
        Judge(250, retransmits: 1, total: 8).ShouldBe(EarlyFinding.TooSoon);
        Judge(60_000, retransmits: 1, total: 8).ShouldBe(EarlyFinding.TooSoon, "what had been sent again before is another request's");
    }

    [Fact]
    public void Judge_SentAgainBeforeTheTimerRanOut_IsTooSoonHoweverLongAgo()
    {
        Judge(100, retransmits: 0, total: 0).ShouldBe(EarlyFinding.TooSoon);
        Judge(300, retransmits: 0, total: 2).ShouldBe(EarlyFinding.TooSoon);
        Judge(60_000, retransmits: 0, total: 2).ShouldBe(EarlyFinding.TooSoon);
    }

    [Fact]
    public void Judge_NothingOnItsWay_IsTooSoonHoweverOftenItWasSent()
    {
        Judge(100, retransmits: 0, total: 0).ShouldBe(EarlyFinding.TooSoon);
        Judge(300, retransmits: 2, total: 2, unacknowledged: 0).ShouldBe(EarlyFinding.TooSoon);
        Judge(60_000, retransmits: 2, total: 2, unacknowledged: 0).ShouldBe(EarlyFinding.TooSoon);
    }

    [Fact]
    public void Reset_NextRequest_LooksAnew()
    {
        Judge(100, retransmits: 0, total: 0).ShouldBe(EarlyFinding.TooSoon);
        Judge(300, retransmits: 1, total: 2, roundTrip: 1_000).ShouldBe(EarlyFinding.TooSoon);
        _suspicion.Reset();

        // What was sent again before the first look of this request is not counted, nor since when.
        Judge(400, retransmits: 1, total: 3).ShouldBe(EarlyFinding.TooSoon);
        Judge(500, retransmits: 1, total: 4, roundTrip: 100).ShouldBe(EarlyFinding.TooSoon);
        Judge(700, retransmits: 1, total: 4, roundTrip: 100).ShouldBe(EarlyFinding.Dead);
    }

    private EarlyFinding Judge(
        double age, byte retransmits, uint total, ulong acknowledged = Before, uint unacknowledged = 1, double roundTrip = 10, TimeSpan? lastData = null, byte state = TcpSnapshot.Established) =>
        _suspicion.Judge(
            new TcpSnapshot(state, retransmits, 0, unacknowledged, TimeSpan.FromMilliseconds(roundTrip), total, lastData ?? TimeSpan.FromHours(1), TimeSpan.FromHours(1), 0, acknowledged),
            Before,
            TimeSpan.FromMilliseconds(age));
}
