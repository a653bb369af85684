using Microsoft.Extensions.Time.Testing;
using StaleConnGuard.Origins;

namespace StaleConnGuard.Tests.Origins;

public sealed class RoughClockTests
{
    [Fact]
    public void Read_SystemClock_NeverLaterThanTheExactClock()
    {
        for (int i = 0; i < 10_000; i++)
        {
            RoughClock.Read(TimeProvider.System).ShouldBeLessThanOrEqualTo(TimeProvider.System.GetTimestamp());
        }
    }

    [Fact]
    public void Read_SystemClock_SameTimestampsAsTheExactClock()
    {
        long before = TimeProvider.System.GetTimestamp();

        // A kernel's tick may be late on a machine that stalls, but an origin of its own would be off by more than the machine has been up.
        TimeProvider.System.GetElapsedTime(RoughClock.Read(TimeProvider.System), before).ShouldBeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Read_OtherClock_IsThatClock()
    {
        var time = new FakeTimeProvider();
        time.Advance(TimeSpan.FromSeconds(3));

        RoughClock.Read(time).ShouldBe(time.GetTimestamp());
    }
}
