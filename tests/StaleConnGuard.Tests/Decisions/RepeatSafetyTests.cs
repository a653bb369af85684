using StaleConnGuard.Telemetry;

namespace StaleConnGuard.Tests;

public class RepeatSafetyTests
{
    private static readonly string[] s_idempotent = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"];
    private static readonly string[] s_others = ["POST", "PATCH", "CONNECT"];

    public static TheoryData<string, bool> Spellings()
    {
        var data = new TheoryData<string, bool>();
        foreach (string method in s_idempotent.Concat(s_others))
        {
            bool idempotent = s_idempotent.Contains(method);
            data.Add(method, idempotent);
            data.Add(method.ToLowerInvariant(), idempotent);
            data.Add(method[..1] + method[1..].ToLowerInvariant(), idempotent);
        }

        // The runtime writes these as they are spelled: other methods, of which nothing is known.
        foreach (string method in new[] { "PROPFIND", "propfind", "SEARCH", "GETS", "GE", "getx", "PURGE" })
        {
            data.Add(method, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Spellings))]
    public void IsIdempotent_Method_AsItStandsOnTheWire(string method, bool expected)
    {
        RepeatSafety.IsIdempotent(new HttpMethod(method)).ShouldBe(expected);
        RepeatSafety.IsSafeToRepeat(new HttpRequestMessage(new HttpMethod(method), "http://a.test/")).ShouldBe(expected);
    }

    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Query", "QUERY")]
    [InlineData("PATCH", "PATCH")]
    [InlineData("propfind", "_OTHER")]
    public void Tag_Method_AsItStandsOnTheWire(string method, string tag) =>
        TelemetryTags.Method(new HttpMethod(method)).ShouldBe(tag);

    [Fact]
    public void IsSafeToRepeat_RequestOfWhichNothingIsKnown_IsNot() =>
        RepeatSafety.IsSafeToRepeat(null).ShouldBeFalse();
}
