namespace StaleConnGuard.Tests.Protocols.Http2;

public class OpenStreamsTests
{
    private const byte End = 1;

    private readonly OpenStreams _streams = new();

    [Fact]
    public void Count_RequestAndAnswerEnd_IsZeroOnlyWhenBothHave()
    {
        _streams.Sent(new FrameHeader(10, FrameHeader.Headers, 0, 1)).ShouldBeTrue();
        _streams.Sent(new FrameHeader(10, FrameHeader.Data, End, 1)).ShouldBeFalse();
        _streams.Received(new FrameHeader(10, FrameHeader.Headers, 0, 1));
        _streams.Count.ShouldBe(1);
        _streams.Received(new FrameHeader(10, FrameHeader.Data, End, 1));
        _streams.Count.ShouldBe(0);
    }

    [Fact]
    public void Count_AnswerEndsBeforeTheUpload_StreamIsStillOpen()
    {
        _ = _streams.Sent(new FrameHeader(10, FrameHeader.Headers, 0, 1));
        _streams.Received(new FrameHeader(10, FrameHeader.Headers, End, 1));
        _streams.Count.ShouldBe(1);
        _ = _streams.Sent(new FrameHeader(4, FrameHeader.ResetStream, 0, 1));
        _streams.Count.ShouldBe(0);
    }

    [Fact]
    public void Count_ServerResets_IsZero()
    {
        _ = _streams.Sent(new FrameHeader(10, FrameHeader.Headers, 0, 3));
        _streams.Received(new FrameHeader(4, FrameHeader.ResetStream, 0, 3));
        _streams.Count.ShouldBe(0);
    }

    [Fact]
    public void Sent_TrailersOfAnOpenStream_OpenNoOther()
    {
        _streams.Sent(new FrameHeader(10, FrameHeader.Headers, 0, 1)).ShouldBeTrue();
        _streams.Sent(new FrameHeader(10, FrameHeader.Headers, End, 1)).ShouldBeFalse();
        _streams.Count.ShouldBe(1);
    }

    [Fact]
    public void Received_ForStreamsThatAreNoMore_ChangesNothing()
    {
        _streams.Received(new FrameHeader(10, FrameHeader.Data, End, 7));
        _streams.Received(new FrameHeader(4, FrameHeader.ResetStream, 0, 9));
        _streams.Count.ShouldBe(0);
    }
}
