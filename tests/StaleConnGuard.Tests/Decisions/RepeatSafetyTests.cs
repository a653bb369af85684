using System.Text;

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

    [Fact]
    public void IsSafeToRepeat_RequestOfWhichNothingIsKnown_IsNot() =>
        RepeatSafety.IsSafeToRepeat(null).ShouldBeFalse();

    [Fact]
    public void IsIdempotent_BytesOfTheMethod_AsItsName()
    {
        s_idempotent.ShouldAllBe(method => RepeatSafety.IsIdempotent(Encoding.ASCII.GetBytes(method)));
        s_others.Concat(["", "get", "GETS", "PUTT"]).ShouldAllBe(method => !RepeatSafety.IsIdempotent(Encoding.ASCII.GetBytes(method)));
    }

    [Fact]
    public void IsSafeToRepeat_MarkedByTheCaller_IsThatRequestAlone()
    {
        HttpRequestMessage marked = Post();
        marked.MarkSafeToRepeat().ShouldBeSameAs(marked);
        RepeatSafety.IsSafeToRepeat(marked).ShouldBeTrue();
        RepeatSafety.IsSafeToRepeat(Post()).ShouldBeFalse();

        marked.Options.Set(new HttpRequestOptionsKey<bool>("StaleConnGuard.SafeToRepeat"), false);
        RepeatSafety.IsSafeToRepeat(marked).ShouldBeFalse("taken back");
        Should.Throw<ArgumentNullException>(() => ((HttpRequestMessage)null!).MarkSafeToRepeat());
    }

    [Theory]
    [InlineData("Idempotency-Key", "k", true)]
    [InlineData("idempotency-key", "\"k\"", true)]
    [InlineData("X-Idempotency-Key", "k", true)]
    [InlineData("Idempotency-Key", "", false)]
    [InlineData("X-Idempotency-Key", " ", false)]
    [InlineData("Y-Idempotency-Key", "k", false)]
    public void IsSafeToRepeat_RequestWithAKey_ByItsValue(string header, string value, bool expected)
    {
        HttpRequestMessage request = Post();
        request.Headers.TryAddWithoutValidation(header, value);
        RepeatSafety.IsSafeToRepeat(request).ShouldBe(expected);
    }

    [Fact]
    public void IsSafeToRepeat_FirstKeyIsEmpty_TheOthersCount()
    {
        HttpRequestMessage request = Post();
        request.Headers.TryAddWithoutValidation("Idempotency-Key", [" ", "k"]);
        RepeatSafety.IsSafeToRepeat(request).ShouldBeTrue();
    }

    private static HttpRequestMessage Post() => new(HttpMethod.Post, "http://a.test/");
}
