namespace StaleConnGuard.Tests.Evidence;

public class NearLimitTests
{
    private static readonly long s_limit = TimeSpan.FromSeconds(4.9).Ticks;

    [Theory]
    [InlineData(4.9, 4.8, true)]
    [InlineData(4.91, 4.8, false)]
    [InlineData(4.91, 0.1, false)]
    [InlineData(0.1, 4.91, false)]
    public void IsSurelyOpen_TheOlderOfWhatWasSentAndWhatCameCounts(double sent, double received, bool expected) =>
        NearLimit.IsSurelyOpen(Info(sent, received), s_limit).ShouldBe(expected);

    [Fact]
    public void IsSurelyOpen_FinHasCome_IsNot() => NearLimit.IsSurelyOpen(Info(4, 4) with { State = TcpSnapshot.CloseWait }, s_limit).ShouldBeFalse();

    [Fact]
    public void IsSurelyOpen_TheWayLosesPackets_IsNot()
    {
        NearLimit.IsSurelyOpen(Info(4, 4) with { TotalRetransmits = 1 }, s_limit).ShouldBeFalse();
        NearLimit.IsSurelyOpen(Info(4, 4) with { Unacknowledged = 1 }, s_limit).ShouldBeFalse();
    }

    private static TcpSnapshot Info(double sent, double received) =>
        new(TcpSnapshot.Established, 0, 0, 0, TimeSpan.Zero, 0, TimeSpan.FromSeconds(received), TimeSpan.FromSeconds(received), 0, 0, TimeSpan.Zero, TimeSpan.FromSeconds(sent));
}
