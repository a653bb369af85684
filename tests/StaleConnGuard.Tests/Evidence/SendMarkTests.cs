namespace StaleConnGuard.Tests.Evidence;

public class SendMarkTests
{
    [Fact]
    public void AcknowledgedBefore_MarkThatNobodyMade_KnowsNothing()
    {
        default(SendMark).AcknowledgedBefore.ShouldBeNull();
        new SendMark(5, null).AcknowledgedBefore.ShouldBeNull();
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 7)]
    [InlineData(5, 7)]
    public void AcknowledgedBefore_IsWhatWasWrittenBeyondWhatTheKernelCountedAtTheStart(long written, ulong atConnect) =>
        new SendMark(written, atConnect).AcknowledgedBefore.ShouldBe(atConnect + (ulong)written);
}
