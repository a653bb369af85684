namespace StaleConnGuard.Tests.Protocols.Http2;

public class HeadersWritesTests
{
    private readonly HeadersWrites _writes = new();

    [Fact]
    public void Ring_NothingWritten_KnowsOfNone()
    {
        _writes.LastStart.ShouldBe(long.MinValue);
        _writes.ForgottenUntil.ShouldBe(long.MinValue);
        _writes.FirstSince(0).ShouldBeNull();
    }

    [Fact]
    public void Ring_MoreThanItKeeps_SaysUntilWhenItForgot()
    {
        for (int i = 1; i <= 20; i++)
        {
            _writes.Add(new HeadersWrite(i * 10, i, 0));
        }

        _writes.Count.ShouldBe(8);
        _writes[0].Start.ShouldBe(200);
        _writes[7].Start.ShouldBe(130);
        _writes.ForgottenUntil.ShouldBe(120);
        _writes.FirstSince(175)!.Value.Start.ShouldBe(180);
        _writes.FirstSince(201).ShouldBeNull();
    }
}
