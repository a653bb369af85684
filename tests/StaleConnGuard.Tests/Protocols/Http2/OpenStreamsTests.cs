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
    public void Count_ServerResetsManyThatWereSentWhole_IsZero()
    {
        // More than there are places, so that some share one.
        for (int id = 1; id < 20_000; id += 2)
        {
            _ = _streams.Sent(new FrameHeader(10, FrameHeader.Headers, End, id));
        }

        for (int id = 1; id < 20_000; id += 2)
        {
            _streams.Received(new FrameHeader(4, FrameHeader.ResetStream, 0, id));
        }

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

    [Fact]
    public void Count_MoreStreamsThanPlaces_EachIsCountedOutOnce()
    {
        // 1 and 257, 3 and 259 … fall on the same place.
        const int Streams = 300;
        for (int i = 0; i < Streams; i++)
        {
            _streams.Sent(new FrameHeader(10, FrameHeader.Headers, i % 3 == 0 ? End : (byte)0, Id(i))).ShouldBeTrue();
            _streams.Count.ShouldBe(i + 1);
        }

        for (int i = 0; i < Streams; i++)
        {
            if (i % 3 == 1)
            {
                _streams.Sent(new FrameHeader(0, FrameHeader.Data, End, Id(i))).ShouldBeFalse();
            }

            _streams.Count.ShouldBe(Streams - i);
            _streams.Received(i % 3 == 2 ? new FrameHeader(4, FrameHeader.ResetStream, 0, Id(i)) : new FrameHeader(0, FrameHeader.Data, End, Id(i)));
            _streams.Count.ShouldBe(Streams - i - 1);
            _streams.Received(new FrameHeader(0, FrameHeader.Data, End, Id(i)));
            _streams.Sent(new FrameHeader(4, FrameHeader.ResetStream, 0, Id(i))).ShouldBeFalse();
            _streams.Count.ShouldBe(Streams - i - 1, "it has been counted out");
        }
    }

    [Fact]
    public void Sent_PlaceOfAnEndedStream_IsTakenAgain()
    {
        for (int i = 0; i < 1_000; i++)
        {
            _streams.Sent(new FrameHeader(10, FrameHeader.Headers, End, Id(i))).ShouldBeTrue();
            _streams.Received(new FrameHeader(10, FrameHeader.Headers, End, Id(i)));
            _streams.Count.ShouldBe(0);
        }
    }

    [Fact]
    public void Received_ForAnotherStreamOfTheSamePlace_ChangesNothing()
    {
        _ = _streams.Sent(new FrameHeader(10, FrameHeader.Headers, End, 1));
        _streams.Received(new FrameHeader(4, FrameHeader.ResetStream, 0, 257));
        _streams.Count.ShouldBe(1);
        _streams.Received(new FrameHeader(8, 8, End, 1));
        _streams.Count.ShouldBe(1, "a window update ends nothing");
    }

    private static int Id(int index) => (2 * index) + 1;
}
