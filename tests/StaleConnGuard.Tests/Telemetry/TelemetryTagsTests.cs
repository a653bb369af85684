namespace StaleConnGuard.Tests.Telemetry;

public class TelemetryTagsTests
{
    [Theory]
    [InlineData("get", "GET")]
    [InlineData("Query", "QUERY")]
    [InlineData("PATCH", "PATCH")]
    [InlineData("propfind", "_OTHER")]
    public void Tag_Method_AsItStandsOnTheWire(string method, string tag) =>
        TelemetryTags.Method(new HttpMethod(method)).ShouldBe(tag);
}
