namespace StaleConnGuard.Tests.Pipeline;

public class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 6, 8, 49, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    [InlineData("120", 120)]
    [InlineData("  7\t", 7)]
    [InlineData("007", 7)]
    [InlineData("Fri, 06 Nov 2026 08:49:37 GMT", 37)]
    [InlineData("Friday, 06-Nov-26 08:49:37 GMT", 37)]
    [InlineData("Fri Nov  6 08:49:37 2026", 37)]
    [InlineData("Fri Nov 06 08:49:37 2026", 37)]
    [InlineData("Fri, 06 Nov 2026 08:49:60 GMT", 59)]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", 0)]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", 0)]
    [InlineData("Sun Nov  6 08:49:37 1994", 0)]
    public void R13_RetryAfter_ValidForm_IsUnderstood(string value, int seconds) =>
        RetryAfter.Parse(value, Now).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("1 2")]
    [InlineData("1s")]
    [InlineData("soon")]
    [InlineData("٣")]
    [InlineData("Fri, 06 Nov 2026 08:49:37")]
    [InlineData("Fri, 06 Nov 2026 08:49:37 UTC")]
    [InlineData("Fri, 06 Nov 2026 24:00:00 GMT")]
    [InlineData("Fri, 06 Nov 2026 08:60:00 GMT")]
    [InlineData("Fri, 06 Nov 2026 08:49:61 GMT")]
    [InlineData("Fri, 31 Feb 2026 08:49:37 GMT")]
    [InlineData("Fri, 00 Nov 2026 08:49:37 GMT")]
    [InlineData("Fri, 06 Nov 0000 08:49:37 GMT")]
    [InlineData("fri, 06 nov 2026 08:49:37 gmt")]
    [InlineData("Xxx, 06 Nov 2026 08:49:37 GMT")]
    [InlineData("Xxxxxx, 06-Nov-26 08:49:37 GMT")]
    [InlineData("Friday, 06-Nov-2026 08:49:37 GMT")]
    [InlineData("Fri, 06 Nov 2026 08:49:37 GMT, Fri, 06 Nov 2026 08:49:37 GMT")]
    [InlineData(",")]
    [InlineData("Friday,")]
    public void R13_RetryAfter_Garbage_IsIgnored(string value) => RetryAfter.Parse(value, Now).ShouldBeNull();

    [Theory]
    [InlineData("922337203685")]
    [InlineData("922337203686")]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775808")]
    [InlineData("99999999999999999999999999999999999999999999")]
    public void R13_RetryAfter_Huge_DoesNotOverflow(string value) =>
        RetryAfter.Parse(value, Now)!.Value.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromDays(10_000_000));

    [Fact]
    public void R13_RetryAfter_LastDateThereIs_DoesNotOverflow() =>
        RetryAfter.Parse("Fri, 31 Dec 9999 23:59:59 GMT", Now)!.Value.ShouldBeGreaterThan(TimeSpan.FromDays(2_000_000));

    // RFC 9110 5.6.7: more than 50 years ahead means the last such year in the past.
    [Theory]
    [InlineData(2026, "26", 2026)]
    [InlineData(2026, "27", 2027)]
    [InlineData(2026, "75", 2075)]
    [InlineData(2026, "76", 2076)]
    [InlineData(2026, "77", 1977)]
    [InlineData(2026, "94", 1994)]
    [InlineData(2026, "99", 1999)]
    [InlineData(2026, "00", 2000)]
    [InlineData(2099, "01", 2101)]
    [InlineData(2099, "49", 2149)]
    [InlineData(2099, "50", 2050)]
    [InlineData(9999, "99", 9999)]
    [InlineData(9999, "00", 9900)]
    public void R13_RetryAfter_TwoDigitYear_IsAtMostFiftyYearsAhead(int now, string digits, int expected)
    {
        HttpDate.TryParse($"Sunday, 01-Mar-{digits} 00:00:00 GMT", new DateTimeOffset(now, 3, 1, 0, 0, 0, TimeSpan.Zero), out DateTimeOffset date).ShouldBeTrue();
        date.Year.ShouldBe(expected);
    }

    [Fact]
    public void R13_RetryAfter_TwoDigitYearAMomentBeyondFiftyYears_IsInThePast()
    {
        var now = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        HttpDate.TryParse("Sunday, 01-Mar-76 12:00:00 GMT", now, out DateTimeOffset edge).ShouldBeTrue();
        edge.Year.ShouldBe(2076);
        HttpDate.TryParse("Sunday, 01-Mar-76 12:00:01 GMT", now, out DateTimeOffset beyond).ShouldBeTrue();
        beyond.Year.ShouldBe(1976);
    }
}
