namespace StaleConnGuard.Tests.Decisions;

public class RetryDecisionTests
{
    [Fact]
    public void IsRetry_EveryReason_AsItsNameSays() =>
        Enum.GetValues<RetryReason>().ShouldAllBe(reason => new RetryDecision(reason, TimeSpan.Zero).IsRetry == reason.ToString().StartsWith("Retried", StringComparison.Ordinal));

    [Fact]
    public void Stop_AnyReason_WaitsForNothing() => RetryDecision.Stop(RetryReason.StoppedDeadline).ShouldBe(new RetryDecision(RetryReason.StoppedDeadline, TimeSpan.Zero));
}
