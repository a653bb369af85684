using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

public class PooledIdleTimeoutTests
{
    [Theory]
    [InlineData(60, 1, 48)]
    [InlineData(60, 30, 30)]
    [InlineData(5, 1, 4)]
    [InlineData(4, 1, 3)]
    [InlineData(2, 1, 1)]
    [InlineData(1.5, 1, 0.5)]
    [InlineData(1, 1, 0.25)]
    [InlineData(3600, 1, 2880)]
    public void InTime_ServerTimeout_IsBelowItWithTheSlackIncluded(double timeout, double margin, double expected) =>
        PooledIdleTimeout.InTime(TimeSpan.FromSeconds(timeout), TimeSpan.FromSeconds(margin)).ShouldBe(TimeSpan.FromSeconds(expected));

    [Fact]
    public void InTime_AnyTimeoutOfAtLeastTwoSeconds_ClosesInTimeAndNeverSwitchesThePoolOff()
    {
        for (double timeout = 0.1; timeout < 400; timeout += 0.1)
        {
            TimeSpan server = TimeSpan.FromSeconds(timeout);
            TimeSpan value = PooledIdleTimeout.InTime(server, TimeSpan.FromSeconds(1));
            value.ShouldBeGreaterThan(TimeSpan.Zero);
            if (timeout >= 2)
            {
                PooledIdleTimeout.HighestIdleAge(value).ShouldBeLessThanOrEqualTo(server);
            }
        }
    }

    [Theory]
    [InlineData(60, 1, 59)]
    [InlineData(60, 45, 30)]
    [InlineData(1, 1, 0.5)]
    public void For_ServerTimeout_IsTheKeepAliveLimit(double timeout, double margin, double expected) =>
        PooledIdleTimeout.For(TimeSpan.FromSeconds(timeout), TimeSpan.FromSeconds(margin)).ShouldBe(TimeSpan.FromSeconds(expected));

    [Fact]
    public void Derive_NothingConfigured_LeavesTheHandlerAlone() =>
        PooledIdleTimeout.Derive(new StaleConnGuardOptions()).ShouldBeNull();

    [Fact]
    public void Derive_TheCallersOwnValue_Wins()
    {
        var options = new StaleConnGuardOptions();
        options.KeepAlive.ServerTimeout = KnownServerTimeouts.AwsAlb;
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(59));
        options.Transport.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(90);
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(90));
    }

    [Fact]
    public void Derive_SeveralOrigins_FollowsTheSmallest()
    {
        var options = new StaleConnGuardOptions();
        options.KeepAlive.Origins["https://a.example.com"] = new() { ServerTimeout = TimeSpan.FromSeconds(60) };
        options.KeepAlive.Origins["https://b.example.com"] = new() { ServerTimeout = TimeSpan.FromSeconds(5) };
        options.KeepAlive.Origins["https://c.example.com"] = new() { Margin = TimeSpan.FromSeconds(3) };
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(TcpSnapshot.IsSupported ? 4.9375 : 4));
    }

    [Theory]
    [InlineData(5, 1, 4.9375)]
    [InlineData(5, 0.03, 4.97)]
    [InlineData(20, 1, 19)]
    [InlineData(60, 1, 59)]
    [InlineData(60, 10, 51)]
    [InlineData(0.1, 1, 0.05)]
    public void Derive_MarginMayBeMeasured_IsTheHighestLimitThatCanComeToApply(double timeout, double margin, double expected)
    {
        Requirement.MetOrSkip(TcpSnapshot.IsSupported, "without TCP_INFO nothing is measured");
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromSeconds(timeout), Margin = TimeSpan.FromSeconds(margin) } };
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(expected));
        PooledIdleTimeout.Derive(options)!.Value.ShouldBeLessThan(options.KeepAlive.ServerTimeout.Value);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Derive_MarginIsNotMeasured_IsTheLimitWithTheWholeMargin(bool measure, bool learn)
    {
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromSeconds(5), MeasureMargin = measure, Learn = learn } };
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(4));
        options.KeepAlive.Origins["https://a.example.com"] = new() { MeasureMargin = true, Learn = true, ServerTimeout = TimeSpan.FromSeconds(4.5) };
        PooledIdleTimeout.Derive(options).ShouldBe(TimeSpan.FromSeconds(4));
    }
}
