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

    /// <summary>The smaller one was heard again in between, and counts from then on; also where it is only heard in passing.</summary>
    [Fact]
    public void Advertised_TheSmallerHeardAgain_LastsTenMinutesFromThere()
    {
        Hear(5);
        Hear(60).ShouldBe(LearningOutcome.Noted);
        _origin.Wait(500);
        Hear(5).ShouldBe(LearningOutcome.NothingNew);
        _origin.Wait(600);
        Hear(60).ShouldBe(LearningOutcome.Contradicted);
        _origin.Wait(0.1);
        Hear(60).ShouldBe(LearningOutcome.Raised);
    }

    [Fact]
    public void Heard_OneValueAlone_IsNotMixed_NorAfterItWasRaised()
    {
        var advertised = new AdvertisedTimeout();
        advertised.Heard(5, now: 0).ShouldBe(LearningOutcome.Learned);
        advertised.Heard(5, now: 1).ShouldBe(LearningOutcome.NothingNew);
        advertised.Mixed.ShouldBeFalse();
        advertised.Heard(60, now: 2);
        advertised.Mixed.ShouldBeTrue();
        advertised.Heard(60, now: 3 + LearningRules.Recently).ShouldBe(LearningOutcome.Raised);
        advertised.Mixed.ShouldBeFalse();
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
