using StaleConnGuard.Cli;

namespace StaleConnGuard.Tests.Cli;

public class DurationTests
{
    [Theory]
    [InlineData("10ms", 10)]
    [InlineData("0.5ms", 0.5)]
    [InlineData("1.5s", 1500)]
    [InlineData("2m", 120_000)]
    [InlineData("0s", 0)]
    public void TryParse_NumberAndUnit_GivesTheDuration(string text, double milliseconds)
    {
        Duration.TryParse(text, out TimeSpan duration).ShouldBeTrue();
        duration.TotalMilliseconds.ShouldBe(milliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("ms")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1h")]
    [InlineData("1e9s")]
    [InlineData("NaNs")]
    [InlineData("99999999999999m")]
    public void TryParse_AnythingElse_IsRefused(string text) => Duration.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData(0.5, "0.5ms")]
    [InlineData(250, "250ms")]
    [InlineData(1500, "1.5s")]
    [InlineData(3_600_000, "60m")]
    public void Format_Duration_CanBeParsedAgain(double milliseconds, string text)
    {
        Duration.Format(TimeSpan.FromMilliseconds(milliseconds)).ShouldBe(text);
        Duration.TryParse(text, out TimeSpan parsed).ShouldBeTrue();
        parsed.TotalMilliseconds.ShouldBe(milliseconds);
    }
}
