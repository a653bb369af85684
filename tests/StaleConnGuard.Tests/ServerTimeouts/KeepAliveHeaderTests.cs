namespace StaleConnGuard.Tests;

public class KeepAliveHeaderTests
{
    [Theory]
    [InlineData("timeout=5", 5)]
    [InlineData("timeout=5, max=100", 5)]
    [InlineData("max=100,TimeOut=5", 5)]
    [InlineData(" timeout = 5 ", 5)]
    [InlineData("timeout=\"5\"", 5)]
    [InlineData("timeout=5, timeout=3, timeout=60", 3)]
    [InlineData("timeout=abc, timeout=60", 60)]
    [InlineData("timeout=0", 0)]
    [InlineData("timeout=007", 7)]
    [InlineData("timeout=86401", 86_400)]
    [InlineData("timeout=99999999999999999999999999", 86_400)]
    [InlineData(",,timeout=5,,", 5)]
    [InlineData(",timeout=5", 5)]
    public void TryParse_UsableTimeout_TheSmallestCounts(string value, int seconds)
    {
        KeepAliveHeader.TryParse(value, out TimeSpan timeout).ShouldBeTrue();
        timeout.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("max=100")]
    [InlineData("timeout")]
    [InlineData("timeout=")]
    [InlineData("timeout=-5")]
    [InlineData("timeout=+5")]
    [InlineData("timeout=5.5")]
    [InlineData("timeout=5s")]
    [InlineData("timeout=99999999999999999999999999x")]
    [InlineData("timeout=\"5")]
    [InlineData("timeout=\"")]
    [InlineData("timeout=\"\"")]
    [InlineData("timeouts=5")]
    [InlineData("timeout=5;max=100")]
    [InlineData("timeout=٥")]
    [InlineData("timeout=5\u000b")]
    [InlineData("\u00a0timeout=5")]
    [InlineData("5")]
    public void TryParse_NoUsableTimeout_IsRefused(string value) =>
        KeepAliveHeader.TryParse(value, out _).ShouldBeFalse();

    [Fact]
    public void TryParse_SeveralLines_TheSmallestOfAllCounts()
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Keep-Alive", ["max=1", "timeout=60", "timeout=5, max=100"]);
        response.Headers.NonValidated.TryGetValues(KeepAliveHeader.Name, out var values).ShouldBeTrue();
        KeepAliveHeader.TryParse(values, out TimeSpan timeout).ShouldBeTrue();
        timeout.ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("max=1", "max=2", null)]
    [InlineData("max=1", "timeout=7", 7)]
    [InlineData("timeout=7", "max=1", 7)]
    public void TryParse_SeveralLines_OneWithoutATimeoutCountsForNothing(string first, string second, int? seconds)
    {
        using var response = new HttpResponseMessage();
        response.Headers.TryAddWithoutValidation("Keep-Alive", [first, second]);
        response.Headers.NonValidated.TryGetValues(KeepAliveHeader.Name, out var values).ShouldBeTrue();
        KeepAliveHeader.TryParse(values, out TimeSpan timeout).ShouldBe(seconds is not null);
        timeout.ShouldBe(TimeSpan.FromSeconds(seconds ?? 0));
    }

    [Fact]
    public void TryParse_SixtyFourKibibytes_TakesTheSmallest()
    {
        string value = string.Join(',', Enumerable.Range(3, 6000).Select(i => $"timeout={i}"));
        value.Length.ShouldBeGreaterThan(65_536);
        KeepAliveHeader.TryParse(value, out TimeSpan timeout).ShouldBeTrue();
        timeout.ShouldBe(TimeSpan.FromSeconds(3));
        KeepAliveHeader.TryParse(new string('9', 65_536).Insert(0, "timeout="), out timeout).ShouldBeTrue();
        timeout.ShouldBe(TimeSpan.FromDays(1));
    }
}
