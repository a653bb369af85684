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
}
