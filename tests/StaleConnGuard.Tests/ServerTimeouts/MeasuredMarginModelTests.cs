using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>Invented servers: by chance none gets a margin, and each one that is given is that of the reference.</summary>
public class MeasuredMarginModelTests
{
    [Fact]
    public void AnyServerWithinASecond_EarlyOnOrLate_HardlyEverGetsOneByChance()
    {
        var random = new Random(11);
        int given = 0;
        for (int server = 0; server < 2000; server++)
        {
            var origin = new OriginUnderTest();
            for (int close = 0; close < 60; close++)
            {
                origin.Wait(3 + (random.NextDouble() * 30)).Closed(3 + random.NextDouble());
                given += origin.Margin is null ? 0 : 1;
            }
        }

        given.ShouldBeLessThanOrEqualTo(20);
    }

    [Fact]
    public void Anything_Observed_AgreesWithTheReference()
    {
        var fuzz = new MarginFuzz(seed: 3);
        for (int server = 0; server < 150; server++)
        {
            fuzz.Server().ShouldBeNull();
        }

        fuzz.Given.ShouldBeGreaterThan(fuzz.Observations / 20);
    }
}
