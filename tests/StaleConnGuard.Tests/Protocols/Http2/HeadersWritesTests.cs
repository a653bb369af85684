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

    [Fact]
    public void Ring_AsManyAsItKeeps_HasForgottenNone()
    {
        for (int i = 1; i <= 8; i++)
        {
            _writes.Add(new HeadersWrite(i * 10, i, 0));
            _writes.Count.ShouldBe(i);
            _writes.LastStart.ShouldBe(i * 10);
        }

        _writes.ForgottenUntil.ShouldBe(long.MinValue);
        _writes.FirstSince(0)!.Value.Start.ShouldBe(10, "the oldest");
        _writes.FirstSince(20)!.Value.Start.ShouldBe(20, "the very moment counts");
        _writes.FirstSince(80)!.Value.BytesBefore.ShouldBe(8);

        _writes.Add(new HeadersWrite(90, 9, 0));
        _writes.ForgottenUntil.ShouldBe(10);
        _writes.FirstSince(0)!.Value.Start.ShouldBe(20);
    }
}
