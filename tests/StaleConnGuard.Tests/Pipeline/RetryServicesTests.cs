namespace StaleConnGuard.Tests.Pipeline;

public class RetryServicesTests
{
    [Fact]
    public void RetryServices_TwoHandlers_DrawDifferentNumbers() => new RetryServices().Random.NextInt64().ShouldNotBe(new RetryServices().Random.NextInt64());

    [Fact]
    public void RetryHandler_OptionsOutOfRange_IsNotMade() =>
        Should.Throw<ArgumentException>(() => new RetryHandler(new RetryOptions { MaxRetries = -1 }, new ReplayOptions(), new RetryServices())).Message.ShouldContain("Retry:MaxRetries is -1; accepted is: between 0 and 10");
}
