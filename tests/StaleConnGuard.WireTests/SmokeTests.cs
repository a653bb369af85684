namespace StaleConnGuard.WireTests;

public class SmokeTests
{
    [Fact]
    public void Create_NoArguments_GivesAHandler() => StaleConnGuardHandler.Create().ShouldNotBeNull();
}
