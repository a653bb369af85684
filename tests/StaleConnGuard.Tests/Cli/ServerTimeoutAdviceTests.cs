using StaleConnGuard.Cli;

namespace StaleConnGuard.Tests.Cli;

public class ServerTimeoutAdviceTests
{
    [Theory]
    [InlineData(59_992, 60_000)]
    [InlineData(59_985, 59_000)]
    [InlineData(130_900, 130_000)]
    [InlineData(2_003, 2_000)]
    [InlineData(1_992, 2_000)]
    [InlineData(1_985, 1_900)]
    [InlineData(2_486, 2_400)]
    [InlineData(451, 460)]
    [InlineData(449, 450)]
    [InlineData(91, 100)]
    public void RoundDown_Measured_IsAFigurePeopleWriteNotAboveIt(double measured, double rounded) =>
        ServerTimeoutAdvice.RoundDown(TimeSpan.FromMilliseconds(measured))!.Value.TotalMilliseconds.ShouldBe(rounded);

    [Fact]
    public void RoundDown_TooEarlyToBeOfUse_IsNothing() => ServerTimeoutAdvice.RoundDown(TimeSpan.FromMilliseconds(89)).ShouldBeNull();

    [Theory]
    [InlineData(60_001, false, "AwsAlb")]
    [InlineData(130_800, false, "Kestrel")]
    [InlineData(5_002, true, "ApacheHttpd,NodeLegacy")]
    [InlineData(6_002, true, "ApacheHttpd,NodeLegacy")]
    [InlineData(5_002, false, "Uvicorn,CloudFrontOrigin")]
    [InlineData(42_000, false, "")]
    public void Matching_Measured_NamesThePresetsThatFit(double measured, bool advertises, string names) =>
        string.Join(',', ServerTimeoutAdvice.Matching(TimeSpan.FromMilliseconds(measured), advertises).Select(known => known.Name)).ShouldBe(names);
}
