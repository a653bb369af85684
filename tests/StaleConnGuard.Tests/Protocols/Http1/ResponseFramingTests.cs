using System.Text;

namespace StaleConnGuard.Tests.Protocols.Http1;

public class ResponseFramingTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", 200)]
    [InlineData("HTTP/1.0 404\r\n", 404)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", 101)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n", 201)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n", 101)]
    [InlineData("HTTP/1.1 102 Processing\n\nHTTP/1.1 200 OK\n\n", 200)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n", 500)]
    public void Status_HoweverTheBytesAreCut_IsTheFinalOneAndToldOnce(string response, int expected)
    {
        for (int size = 1; size <= response.Length; size++)
        {
            Feed(response, size).Told.Where(static news => news.Status is not null).Select(static news => news.Status!.Value).ShouldBe([expected]);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 20")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: HTTP/1.1 101 x\r\n")]
    public void Status_NotThereYet_IsNotTold(string response) => Feed(response, int.MaxValue).Told.ShouldAllBe(static news => news.Status == null);

    /// <summary>RFC 9112 6.3. Complete with the last byte, and not one before it.</summary>
    [Theory]
    [InlineData(Ok + "Content-Length: 0\r\n\r\n")]
    [InlineData(Ok + "content-length:5\r\n\r\nhello")]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData(Ok + "X: y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: gzip, Chunked\r\n\r\nC;name=\"value\"\r\n\r\n0\r\n\r\nabcde\r\n0\r\nTrailer: yes\r\n\r\n")]
    [InlineData(Ok + "Content-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")]
    public void Response_HoweverTheBytesAreCut_IsCompleteWithItsLastByte(string response)
    {
        for (int size = 1; size <= response.Length; size++)
        {
            Feed(response, size).Framing.IsComplete.ShouldBeTrue();
            Feed(response[..^1], size).Framing.IsComplete.ShouldBeFalse();
            Feed(response + "H", size).Framing.IsComplete.ShouldBeFalse("somebody has sent more");
        }
    }

    [Theory]
    [InlineData(Ok + "\r\n", "its end is the connection's")]
    [InlineData(Ok + "Content-Length: x\r\n\r\n", "no number")]
    [InlineData(Ok + "Content-Length: -1\r\n\r\n", "no number")]
    [InlineData(Ok + "Content-Length: 0\r\nContent-Length: 1\r\n\r\n", "two lengths")]
    [InlineData(Ok + "Transfer-Encoding: gzip\r\n\r\n", "not chunked at last")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\nz\r\n\r\n", "no chunk size")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n", "a chunk longer than it says")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n", "no HTTP any more")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", "no HTTP at all")]
    public void Response_ThatDoesNotTellItsEnd_IsNeverComplete(string response, string because)
    {
        Feed(response, 1).Framing.IsComplete.ShouldBeFalse(because);
        Feed(response, int.MaxValue).Framing.IsComplete.ShouldBeFalse(because);
    }

    [Fact]
    public void ResponseToHead_HasNoBody()
    {
        Feed(Ok + "Content-Length: 5\r\n\r\n", 3, isHead: true).Framing.IsComplete.ShouldBeTrue();
        Feed("HTTP/1.1 103 Early Hints\r\n\r\n" + Ok + "Transfer-Encoding: chunked\r\n\r\n", 3, isHead: true).Framing.IsComplete.ShouldBeTrue();
    }

    [Theory]
    [InlineData(Ok + "\r\n", false)]
    [InlineData(Ok + "Connection: close\r\n\r\n", true)]
    [InlineData(Ok + "connection: x, CLOSE\r\n\r\n", true)]
    [InlineData(Ok + "Connection: closed\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", false)]
    [InlineData("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + Ok + "\r\n", false)]
    public void Response_SaysThatTheConnectionEnds_IsHeard(string response, bool expected)
    {
        Feed(response, 1).Framing.EndsConnection.ShouldBe(expected);
        Feed(response, int.MaxValue).Framing.EndsConnection.ShouldBe(expected);
    }

    [Theory]
    [InlineData(Ok + "\r\n", null)]
    [InlineData(Ok + "Keep-Alive: timeout=5, max=100\r\n\r\n", 5)]
    [InlineData(Ok + "keep-alive: timeout=9\r\nKeep-Alive: timeout=7\r\n\r\n", 7)]
    [InlineData(Ok + "Keep-Alive: none\r\n\r\n", null)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nKeep-Alive: timeout=1\r\n\r\n" + Ok + "\r\n", null)]
    public void Response_Advertises_IsHeard(string response, int? seconds)
    {
        TimeSpan? expected = seconds is int s ? TimeSpan.FromSeconds(s) : null;
        Feed(response, 1).Framing.KeepAlive.ShouldBe(expected);
        Feed(response, int.MaxValue).Framing.KeepAlive.ShouldBe(expected);
    }

    [Fact]
    public void Line_LongerThanAnybodyTakes_IsNotKept()
    {
        ResponseFraming framing = default;
        framing.Begin(isHead: false);
        byte[] endless = Encoding.ASCII.GetBytes(new string('x', 10_000));
        for (int i = 0; i < 100; i++)
        {
            framing.Feed(endless);
        }

        framing.Feed("\r\n\r\n"u8);
        framing.IsComplete.ShouldBeFalse();
    }

    private static (ResponseFraming Framing, List<ResponseNews> Told) Feed(string response, int size, bool isHead = false)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(response);
        ResponseFraming framing = default;
        framing.Begin(isHead);
        List<ResponseNews> told = [];
        for (int at = 0; at < bytes.Length; at += Math.Min(size, bytes.Length - at))
        {
            told.Add(framing.Feed(bytes.AsSpan(at, Math.Min(size, bytes.Length - at))));
        }

        return (framing, told);
    }
}
