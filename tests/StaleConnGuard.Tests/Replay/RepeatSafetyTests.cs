namespace StaleConnGuard.Tests;

public class RepeatSafetyTests
{
    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", false)]
    [InlineData("get", false)]
    public void IsIdempotent_Method_AsRfc9110Says(string method, bool expected) =>
        RepeatSafety.IsIdempotent(new HttpMethod(method)).ShouldBe(expected);
}
