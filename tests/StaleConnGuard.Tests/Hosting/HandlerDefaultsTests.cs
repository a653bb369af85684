namespace StaleConnGuard.Tests.Hosting;

public class HandlerDefaultsTests
{
    /// <summary>Servers may end connections that ping without data (gRPC's default: more than once in 5 minutes), and every call on them.</summary>
    [Fact]
    public void Apply_Defaults_SendsNoPings()
    {
        using var handler = new SocketsHttpHandler();
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions(), roll: 0.5);
        handler.KeepAlivePingDelay.ShouldBe(Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void Apply_PingDelayIsSet_PingsWhileRequestsAreActive()
    {
        using var handler = new SocketsHttpHandler();
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions { Transport = { KeepAlivePingDelay = TimeSpan.FromMinutes(6) } }, roll: 0.5);
        handler.KeepAlivePingDelay.ShouldBe(TimeSpan.FromMinutes(6));
        handler.KeepAlivePingTimeout.ShouldBe(TimeSpan.FromSeconds(10));
        handler.KeepAlivePingPolicy.ShouldBe(HttpKeepAlivePingPolicy.WithActiveRequests);
    }

    [Fact]
    public void Apply_ApplicationHasSetPings_KeepsAllOfThem()
    {
        using var handler = new SocketsHttpHandler { KeepAlivePingDelay = TimeSpan.FromMinutes(2) };
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions(), roll: 0.5);
        handler.KeepAlivePingDelay.ShouldBe(TimeSpan.FromMinutes(2));
        handler.KeepAlivePingTimeout.ShouldBe(TimeSpan.FromSeconds(20));
        handler.KeepAlivePingPolicy.ShouldBe(HttpKeepAlivePingPolicy.Always);
    }

    [Fact]
    public void Apply_PingsOff_LeavesThemOff()
    {
        using var handler = new SocketsHttpHandler();
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions { Transport = { KeepAlivePingDelay = Timeout.InfiniteTimeSpan } }, roll: 0.5);
        handler.KeepAlivePingDelay.ShouldBe(Timeout.InfiniteTimeSpan);
        handler.KeepAlivePingPolicy.ShouldBe(HttpKeepAlivePingPolicy.Always);
    }

    [Theory]
    [InlineData(0, 540)]
    [InlineData(0.5, 600)]
    [InlineData(1, 660)]
    public void Apply_Lifetime_LiesWithinItsJitter(double roll, double seconds)
    {
        using var handler = new SocketsHttpHandler();
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions(), roll);
        handler.PooledConnectionLifetime.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public void Apply_LifetimeIsTheApplications_IsKept()
    {
        using var handler = new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(3) };
        HandlerDefaults.Apply(handler, new StaleConnGuardOptions(), roll: 1);
        handler.PooledConnectionLifetime.ShouldBe(TimeSpan.FromMinutes(3));

        using var forever = new SocketsHttpHandler();
        HandlerDefaults.Apply(forever, new StaleConnGuardOptions { Transport = { PooledConnectionLifetime = Timeout.InfiniteTimeSpan } }, roll: 1);
        forever.PooledConnectionLifetime.ShouldBe(Timeout.InfiniteTimeSpan);
    }
}
