using StaleConnGuard.Measuring;

namespace StaleConnGuard.Tests.Measuring;

public sealed class DistributionTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(50, 50)]
    [InlineData(50.5, 51)]
    [InlineData(99, 99)]
    [InlineData(99.1, 100)]
    [InlineData(100, 100)]
    public void Percentile_OfOneToHundred_IsTheNearestRank(double percent, double expected) =>
        new Distribution(Enumerable.Range(1, 100).Reverse().Select(i => (double)i)).Percentile(percent).ShouldBe(expected);

    [Fact]
    public void Percentile_OfFewValues_IsOneThatWasMeasured()
    {
        var three = new Distribution([30, 10, 20]);

        three.Median.ShouldBe(20);
        three.Percentile(99).ShouldBe(30);
        three.Max.ShouldBe(30);
        three.Count.ShouldBe(3);
    }

    [Fact]
    public void Percentile_OfNothing_IsNull()
    {
        var nothing = new Distribution([]);

        nothing.Median.ShouldBeNull();
        nothing.Max.ShouldBeNull();
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(100.1)]
    public void Percentile_OutOfRange_Throws(double percent) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new Distribution([1]).Percentile(percent));
}
