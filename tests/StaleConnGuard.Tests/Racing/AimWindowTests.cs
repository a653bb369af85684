using StaleConnGuard.Racing;

namespace StaleConnGuard.Tests.Racing;

public class AimWindowTests
{
    [Fact]
    public void Around_LongRoundTrip_IsTheOpenWindowAndATenthMoreAtEachEnd() =>
        AimWindow.Around(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(20))
            .ShouldBe(new AimWindow(TimeSpan.FromMilliseconds(978), TimeSpan.FromMilliseconds(1002)));

    [Fact]
    public void Around_NoDistanceAtAll_IsAtLeastAMillisecondAtEachEnd() =>
        AimWindow.Around(TimeSpan.FromSeconds(1), TimeSpan.Zero)
            .ShouldBe(new AimWindow(TimeSpan.FromMilliseconds(999), TimeSpan.FromMilliseconds(1001)));

    [Fact]
    public void Around_RoundTripLongerThanTheTimeout_StartsAtZero() =>
        AimWindow.Around(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1)).From.ShouldBe(TimeSpan.Zero);

    [Fact]
    public void Draw_SameSeed_GivesTheSameAgesWithinTheWindow()
    {
        var window = new AimWindow(TimeSpan.FromMilliseconds(978), TimeSpan.FromMilliseconds(1002));
        TimeSpan[] first = Draw(1);

        Draw(1).ShouldBe(first);
        Draw(2).ShouldNotBe(first);
        first.ShouldAllBe(age => age >= window.From && age < window.To);
        first.Min().ShouldBeLessThan(TimeSpan.FromMilliseconds(980));
        first.Max().ShouldBeGreaterThan(TimeSpan.FromMilliseconds(1000));

        TimeSpan[] Draw(int seed)
        {
            var random = new Random(seed);
            return [.. Enumerable.Range(0, 200).Select(_ => window.Draw(random))];
        }
    }
}
