using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class IdleTimeoutProbeTests
{
    [Fact]
    public async Task MeasureIdleTimeout_ServerThatCloses_GivesItsTimeout()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(250) });

        TimeSpan? measured = await IdleTimeoutProbe.MeasureIdleTimeoutAsync(server.Address, TimeSpan.FromSeconds(10));

        measured!.Value.TotalMilliseconds.ShouldBeInRange(200, 700);
    }

    [Fact]
    public async Task MeasureIdleTimeout_ServerThatIsPatient_GivesNothing()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromHours(1) });

        (await IdleTimeoutProbe.MeasureIdleTimeoutAsync(server.Address, TimeSpan.FromMilliseconds(100))).ShouldBeNull();
    }

    [Fact]
    public async Task MeasureRoundTrip_OnLoopback_IsShort()
    {
        await using var server = RaceServer.Start();

        (await IdleTimeoutProbe.MeasureRoundTripAsync(server.Address)).ShouldBeInRange(TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(200));
    }
}
