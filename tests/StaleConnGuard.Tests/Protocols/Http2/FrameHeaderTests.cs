namespace StaleConnGuard.Tests.Protocols.Http2;

public class FrameHeaderTests
{
    [Fact]
    public void Parse_NineBytes_EachFieldInItsPlace()
    {
        FrameHeader.Parse([0x01, 0x02, 0x03, 4, 5, 0x06, 0x07, 0x08, 0x09]).ShouldBe(new FrameHeader(0x010203, 4, 5, 0x06070809));
        FrameHeader.Parse([0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]).StreamId.ShouldBe(int.MaxValue, "the reserved bit is none of it (RFC 9113 4.1)");
    }

    [Theory]
    [InlineData(FrameHeader.Headers, 1, true)]
    [InlineData(FrameHeader.Headers, 4, false)]
    [InlineData(FrameHeader.Headers, 5, true)]
    [InlineData(FrameHeader.Data, 1, true)]
    [InlineData(FrameHeader.Data, 0, false)]
    [InlineData(FrameHeader.Settings, 1, false)]
    [InlineData(FrameHeader.Continuation, 1, false)]
    public void EndsStream_IsAFlagOfHeadersAndDataAlone(byte type, byte flags, bool expected) =>
        new FrameHeader(0, type, flags, 1).EndsStream.ShouldBe(expected);

    [Fact]
    public void IsActivity_IsOfHeadersAndDataAlone() =>
        Enumerable.Range(0, 20).Where(type => new FrameHeader(0, (byte)type, 0, 1).IsActivity).ShouldBe([FrameHeader.Data, FrameHeader.Headers]);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void IsAcknowledgement_IsTheFirstFlag(byte flags, bool expected) =>
        new FrameHeader(0, FrameHeader.Settings, flags, 0).IsAcknowledgement.ShouldBe(expected);
}
