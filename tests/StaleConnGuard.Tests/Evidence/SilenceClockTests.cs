namespace StaleConnGuard.Tests.Evidence;

public class SilenceClockTests
{
    private SilenceClock _clock;

    [Fact]
    public void Measure_EverythingAcknowledged_IsNoSilence() => Measure(now: 100, lastAck: 90, unacknowledged: 0, atMost: 5).ShouldBe(0);

    [Fact]
    public void Measure_SentAndNotYetSentAgain_IsNoSilence() => Measure(now: 100, lastAck: 90, retransmits: 0, atMost: 5).ShouldBe(0);

    [Fact]
    public void Measure_LongIdleBeforeTheWrite_DoesNotCount() => Measure(now: 100, lastAck: 90, atMost: 1).ShouldBe(1);

    [Fact]
    public void Measure_SilenceGoesOn_Grows()
    {
        Measure(now: 100, lastAck: 90, atMost: 1).ShouldBe(1);
        Measure(now: 103, lastAck: 93, atMost: 0).ShouldBe(4);
        Measure(now: 109, lastAck: 99, atMost: 0).ShouldBe(10);
    }

    [Fact]
    public void Measure_SomethingWasHeardMeanwhile_CountsFromThere()
    {
        Measure(now: 100, lastAck: 50, atMost: 5).ShouldBe(5);
        Measure(now: 110, lastAck: 2, atMost: 5).ShouldBe(2);
    }

    [Fact]
    public void Measure_PeerSendsItsOwnDataAgain_IsStillSilent()
    {
        Measure(now: 100, lastAck: 50, atMost: 5, acks: 7).ShouldBe(5);
        Measure(now: 110, lastAck: 2, acks: 7).ShouldBe(15);
        Measure(now: 120, lastAck: 2, acks: 8).ShouldBe(2, "an acknowledgement, if only of what was acknowledged before");
    }

    [Fact]
    public void Measure_AcknowledgedInBetween_StartsAnew()
    {
        Measure(now: 100, lastAck: 50, atMost: 5).ShouldBe(5);
        Measure(now: 110, lastAck: 1, unacknowledged: 0).ShouldBe(0);
        Measure(now: 200, lastAck: 91, atMost: 3).ShouldBe(3);
    }

    [Fact]
    public void Measure_ProbesOfAClosedWindowAreAnswered_IsNoSilence()
    {
        // As seen on a server that did not read for a minute: the window is closed, so nothing is in flight, and the last answer is as old as the probes are rare.
        Measure(now: 100, lastAck: 13, unacknowledged: 0, retransmits: 0, probes: 1).ShouldBe(0);
        Measure(now: 126, lastAck: 13, unacknowledged: 0, retransmits: 0, probes: 0).ShouldBe(0);
    }

    [Fact]
    public void Measure_ProbesOfAClosedWindowAreNotAnswered_IsSilence() =>
        Measure(now: 100, lastAck: 13, unacknowledged: 0, retransmits: 0, probes: 3, atMost: 20).ShouldBe(13);

    [Fact]
    public void Reset_SilenceUnderWay_StartsAnew()
    {
        Measure(now: 100, lastAck: 50, atMost: 5).ShouldBe(5);
        _clock.Reset();
        Measure(now: 110, lastAck: 60, atMost: 3).ShouldBe(3);
    }

    [Fact]
    public void Measure_HeardAtTheVeryBeginning_ChangesNothing()
    {
        Measure(now: 100, lastAck: 50, atMost: 5).ShouldBe(5);
        Measure(now: 110, lastAck: 15).ShouldBe(15);
        Measure(now: 111, lastAck: 15.5).ShouldBe(15.5, "heard since");
    }

    /// <summary>Seconds in, seconds out.</summary>
    private double Measure(double now, double lastAck, uint unacknowledged = 1, byte retransmits = 1, byte probes = 0, double atMost = 0, uint acks = 0) =>
        TimeSpan.FromTicks(_clock.Measure(
            new TcpSnapshot(TcpSnapshot.Established, retransmits, probes, unacknowledged, TimeSpan.Zero, 0, TimeSpan.Zero, TimeSpan.FromSeconds(lastAck), acks, 0),
            TimeSpan.FromSeconds(now).Ticks,
            TimeSpan.FromSeconds(atMost).Ticks)).TotalSeconds;
}
