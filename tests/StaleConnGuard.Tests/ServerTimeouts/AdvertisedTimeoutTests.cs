namespace StaleConnGuard.Tests;

public class AdvertisedTimeoutTests
{
    private readonly OriginUnderTest _origin = new();

    [Fact]
    public void Advertised_Smaller_CountsAtOnce()
    {
        Hear(60).ShouldBe(LearningOutcome.Learned);
        Hear(5).ShouldBe(LearningOutcome.Lowered);
        InForce.ShouldBe(5);
    }

    [Fact]
    public void Advertised_Larger_CountsWhenTheSmallerIsNotHeardForTenMinutes()
    {
        Hear(5);
        _origin.Wait(3600);
        Hear(60).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(590);
        Hear(60).ShouldBe(LearningOutcome.Contradicted);
        InForce.ShouldBe(5);
        _origin.Wait(11);
        Hear(60).ShouldBe(LearningOutcome.Raised);
        InForce.ShouldBe(60);
    }

    [Fact]
    public void Advertised_TwoServersBehindOneOrigin_TheSmallerStays()
    {
        for (int i = 0; i < 1000; i++)
        {
            _origin.Wait(30);
            Hear(i % 2 == 0 ? 60 : 5);
        }

        InForce.ShouldBe(5);
    }

    [Fact]
    public void Advertised_NothingHeardForADay_IsKept()
    {
        Hear(5);
        _origin.Wait(86_400);
        InForce.ShouldBe(5);
    }

    private double InForce => TimeSpan.FromTicks(_origin.Knowledge.AdvertisedTicks).TotalSeconds;

    private LearningOutcome Hear(double seconds) => _origin.Knowledge.Advertised(TimeSpan.FromSeconds(seconds));
}
