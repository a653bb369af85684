namespace StaleConnGuard.Tests;

/// <summary>The edges of the rules by which closes teach; all in milliseconds.</summary>
public class LearningRulesTests
{
    [Theory]
    [InlineData(400, 650, false)]
    [InlineData(400, 651, true)]
    [InlineData(100, 200, false)]
    [InlineData(499, 1000, true)]
    [InlineData(500, 1000, false)]
    [InlineData(600, 1300, false)]
    [InlineData(700, 1500, false)]
    [InlineData(1000, 2500, false)]
    [InlineData(1000, 2501, true)]
    [InlineData(1600, 3200, false)]
    [InlineData(1600, 3202, true)]
    [InlineData(3000, 5000, false)]
    public void SpreadOfRestart_InWhicheverOrder(int a, int b, bool expected)
    {
        LearningRules.SpreadOfRestart(Ticks(a), Ticks(b)).ShouldBe(expected);
        LearningRules.SpreadOfRestart(Ticks(b), Ticks(a)).ShouldBe(expected);
    }

    [Theory]
    [InlineData(999, 3000, true)]
    [InlineData(1000, 3000, false)]
    [InlineData(2000, 3000, false)]
    public void FarBelow_IsBelowAThird(int age, int open, bool expected) => LearningRules.FarBelow(Ticks(age), Ticks(open)).ShouldBe(expected);

    [Theory]
    [InlineData(1000, 1250, true)]
    [InlineData(1000, 1251, false)]
    [InlineData(9000, 10_000, true)]
    [InlineData(8999, 10_000, false)]
    public void Agree_WithinATenthOrAQuarterSecond(int a, int b, bool expected)
    {
        LearningRules.Agree(Ticks(a), Ticks(b)).ShouldBe(expected);
        LearningRules.Agree(Ticks(b), Ticks(a)).ShouldBe(expected);
    }

    [Theory]
    [InlineData(0, 100, true)]
    [InlineData(0, 101, false)]
    public void AtOnce_WithinATenthOfASecond(int moment, int other, bool expected) => LearningRules.AtOnce(Ticks(moment), Ticks(other)).ShouldBe(expected);

    private static long Ticks(int milliseconds) => milliseconds * TimeSpan.TicksPerMillisecond;
}
