using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Protocols.Http2;

public class FrameScannerTests
{
    [Fact]
    public void TryNext_AnyCutAndAnyGarbage_FindsTheSameFramesAndNoneBehindWhatIsOdd() =>
        FrameScannerFuzz.Run(cases: 40_000, seed: 1).ShouldBeNull();

    [Fact]
    public void TryNext_NoHttp2AtAll_IsLostAndStaysSo()
    {
        FrameScanner server = FrameScanner.OfServer();
        ReadOnlySpan<byte> answer = "HTTP/1.1 400 Bad Request\r\n\r\n"u8;
        server.TryNext(ref answer, out _).ShouldBeFalse();
        server.IsLost.ShouldBeTrue();

        ReadOnlySpan<byte> settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        server.TryNext(ref settings, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(FrameHeader.Headers, 1, true)]
    [InlineData(FrameHeader.Headers, 2, false)]
    [InlineData(FrameHeader.Data, 3, true)]
    [InlineData(FrameHeader.Data, 0, false)]
    [InlineData(FrameHeader.ResetStream, 5, true)]
    [InlineData(FrameHeader.ResetStream, 4, false)]
    [InlineData(FrameHeader.Continuation, 1, true)]
    [InlineData(FrameHeader.Continuation, 0, false)]
    [InlineData(FrameHeader.Settings, 0, true)]
    [InlineData(FrameHeader.Settings, 1, false)]
    [InlineData(FrameHeader.GoAway, 0, true)]
    [InlineData(FrameHeader.GoAway, 1, false)]
    [InlineData(FrameHeader.PushPromise, 1, false)]
    [InlineData((byte)6, 0, true)]
    [InlineData((byte)8, 7, true)]
    [InlineData((byte)99, 2, true)]
    public void TryNext_FrameOnAStream_IsPlausibleOrTheScannerIsLost(byte type, int stream, bool plausible)
    {
        FrameScanner scanner = AfterSettings();
        ReadOnlySpan<byte> bytes = Frame(length: 0, type, flags: 0, stream);
        scanner.TryNext(ref bytes, out FrameHeader header).ShouldBe(plausible);
        scanner.IsLost.ShouldBe(!plausible);
        header.ShouldBe(new FrameHeader(0, type, 0, stream));
    }

    [Theory]
    [InlineData(FrameHeader.Settings, 0, 0, true)]
    [InlineData(FrameHeader.Settings, 1, 0, false)]
    [InlineData(FrameHeader.Settings, 0, 1, false)]
    [InlineData(FrameHeader.Headers, 0, 1, false)]
    [InlineData((byte)6, 0, 0, false)]
    public void TryNext_FirstFrame_MustBeSettings(byte type, byte flags, int stream, bool plausible)
    {
        FrameScanner scanner = FrameScanner.OfServer();
        ReadOnlySpan<byte> bytes = Frame(length: 0, type, flags, stream);
        scanner.TryNext(ref bytes, out _).ShouldBe(plausible);
        scanner.IsLost.ShouldBe(!plausible);
    }

    [Theory]
    [InlineData(16_384, true)]
    [InlineData(16_385, false)]
    public void TryNext_Payload_UpToTheLargestThatTheRuntimeAllows(int length, bool plausible)
    {
        FrameScanner scanner = AfterSettings();
        ReadOnlySpan<byte> bytes = Frame(length, FrameHeader.Data, flags: 0, stream: 1);
        scanner.TryNext(ref bytes, out FrameHeader header).ShouldBe(plausible);
        header.Length.ShouldBe(length);
    }

    [Fact]
    public void IsWithinFrame_FromTheFirstByteOfAHeaderToTheLastOfItsPayload()
    {
        FrameScanner scanner = AfterSettings();
        scanner.IsWithinFrame.ShouldBeFalse();
        byte[] frame = [.. Frame(length: 2, FrameHeader.Data, flags: 1, stream: 1), 7, 8];
        for (int i = 0; i < frame.Length; i++)
        {
            ReadOnlySpan<byte> one = frame.AsSpan(i, 1);
            scanner.TryNext(ref one, out _).ShouldBe(i == 8);
            scanner.IsWithinFrame.ShouldBe(i < frame.Length - 1, $"after byte {i}");
        }
    }

    [Fact]
    public void OfClient_Preface_IsPassedHoweverItIsCut()
    {
        byte[] bytes = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(length: 0, FrameHeader.Settings, flags: 0, stream: 0)];
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            FrameScanner scanner = FrameScanner.OfClient();
            ReadOnlySpan<byte> first = bytes.AsSpan(0, cut);
            ReadOnlySpan<byte> second = bytes.AsSpan(cut);
            scanner.TryNext(ref first, out _).ShouldBeFalse();
            scanner.TryNext(ref second, out FrameHeader header).ShouldBeTrue($"cut at {cut}");
            header.Type.ShouldBe(FrameHeader.Settings);
            second.IsEmpty.ShouldBeTrue();
        }
    }

    private static FrameScanner AfterSettings()
    {
        FrameScanner scanner = FrameScanner.OfServer();
        ReadOnlySpan<byte> settings = Frame(length: 0, FrameHeader.Settings, flags: 0, stream: 0);
        scanner.TryNext(ref settings, out _).ShouldBeTrue();
        return scanner;
    }

    private static byte[] Frame(int length, byte type, byte flags, int stream) =>
        [(byte)(length >> 16), (byte)(length >> 8), (byte)length, type, flags, (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream];
}
