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
    [InlineData(Ok + "Content-Length: 9\r\n\r\nnine more")]
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
    [InlineData(Ok + "Connection: close\r\nConnection: close\r\n\r\n", true)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nConnection: Keep-Alive\r\n\r\n", false)]
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

    [Theory]
    [InlineData("HTTP/1.1 20 OK!!\r\nContent-Length: 0\r\n\r\n", "two digits")]
    [InlineData("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", "no digit in between")]
    [InlineData("HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n", "a sign")]
    [InlineData("HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n", "a sign")]
    [InlineData("HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n", "too short")]
    [InlineData("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "another version")]
    public void Status_ThatIsNone_IsNotToldAndHasNoEnd(string response, string because)
    {
        (ResponseFraming framing, List<ResponseNews> told) = Feed(response, int.MaxValue);
        told.ShouldAllBe(static news => news.Status == null, because);
        framing.IsComplete.ShouldBeFalse(because);
    }

    [Fact]
    public void HeadHasEnded_IsToldOnce_WithTheHeadOfTheFinalResponse()
    {
        const string Response = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + Ok + "Content-Length: 2\r\n\r\nok";
        for (int size = 1; size <= Response.Length; size++)
        {
            List<ResponseNews> told = Feed(Response, size).Told;
            told.Count(static news => news.HeadHasEnded).ShouldBe(1);
            told.FindIndex(static news => news.Status is not null).ShouldBeLessThanOrEqualTo(told.FindIndex(static news => news.HeadHasEnded));
        }

        Feed(Ok + "Content-Length: 2\r\n", int.MaxValue).Told.ShouldAllBe(static news => !news.HeadHasEnded);
    }

    [Theory]
    [InlineData("HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", 99)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200)]
    public void Status_AtTheEdgesOfInterimOnes_IsFinalOrNot(string response, int status)
    {
        (ResponseFraming framing, List<ResponseNews> told) = Feed(response, int.MaxValue);
        told.ShouldContain(news => news.Status == status);
        framing.IsComplete.ShouldBeTrue();
    }

    [Theory]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", true)]
    [InlineData("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", true)]
    [InlineData("HTTP/1.1 203 Other\r\n\r\n", false)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false)]
    [InlineData(Ok + "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length: 0\r\nTransfer-Encoding: gzip\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length\r\n\r\n", false)]
    [InlineData(Ok + "Content-Lengthy: 0\r\n\r\n", false)]
    [InlineData(Ok + "X-Content-Length: 0\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length: 0x\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length: +0\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length: -0\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length:\r\n\r\n", false)]
    [InlineData(Ok + "Content-Length:\t0 \r\n\r\n", true)]
    [InlineData(Ok + "Transfer-Encoding: chunke\r\n\r\n0\r\n\r\n", false)]
    [InlineData(Ok + "Transfer-Encoding: xyzabcd\r\n\r\n0\r\n\r\n", false)]
    public void Body_IsOrIsNotThere_AsRfc9112Says(string response, bool complete) =>
        Feed(response, int.MaxValue).Framing.IsComplete.ShouldBe(complete);

    [Theory]
    [InlineData("5 \t;x=y\r\nhello\r\n0\r\n\r\n", true)]
    [InlineData("\t5\r\nhello\r\n00\r\n\r\n", true)]
    [InlineData("0;last\r\n\r\n", true)]
    [InlineData("5x\r\nhello\r\n0\r\n\r\n", false)]
    [InlineData(";x\r\nhello\r\n0\r\n\r\n", false)]
    [InlineData("ffffffffffffffff\r\nhello\r\n0\r\n\r\n", false)]
    [InlineData("5\r\nhelloX\r\n0\r\n\r\n", false)]
    [InlineData("5\r\nhello\r\n0\r\nTrailer: yes\r\n", false)]
    public void Chunks_AsRfc9112Says(string body, bool complete)
    {
        Feed(Ok + "Transfer-Encoding: chunked\r\n\r\n" + body, 1).Framing.IsComplete.ShouldBe(complete);
        Feed(Ok + "Transfer-Encoding: chunked\r\n\r\n" + body, int.MaxValue).Framing.IsComplete.ShouldBe(complete);
    }

    [Fact]
    public void Close_OfHttp10_OutweighsKeepAlive() =>
        Feed("HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n\r\n", 1).Framing.EndsConnection.ShouldBeTrue();

    [Theory]
    [InlineData("Keep-Alive: timeout=7\r\nKeep-Alive: timeout=9\r\n", 7)]
    [InlineData("Keep-Alive: timeout=0\r\n", 0)]
    [InlineData("Keep-Aliver: timeout=7\r\n", null)]
    public void Advertised_TheSmallestCounts(string headers, int? seconds) =>
        Feed(Ok + headers + "\r\n", int.MaxValue).Framing.KeepAlive.ShouldBe(seconds is int s ? TimeSpan.FromSeconds(s) : null);

    [Theory]
    [InlineData(512, true)]
    [InlineData(513, false)]
    public void Advertised_InALongValue_IsHeardUpToALength(int length, bool heard)
    {
        string value = "timeout=7," + new string('x', length - "timeout=7,".Length);
        Feed($"{Ok}Keep-Alive: {value}\r\n\r\n", int.MaxValue).Framing.KeepAlive.HasValue.ShouldBe(heard);
    }

    [Theory]
    [InlineData(64 * 1024, true)]
    [InlineData((64 * 1024) + 1, false)]
    public void Line_InPieces_IsTakenUpToTheLongestThatTheRuntimeTakes(int length, bool taken)
    {
        string line = "X: " + new string('y', length - "X: \r".Length) + "\r";
        line.Length.ShouldBe(length);
        Feed($"{Ok}{line}\nContent-Length: 0\r\n\r\n", 1_000).Framing.IsComplete.ShouldBe(taken);
    }

    [Fact]
    public void Line_GrowingPieceByPiece_IsReadAsOne()
    {
        string padding = new('y', 3_000);
        foreach (int size in (int[])[1, 7, 255, 256, 257, 511, 513])
        {
            ResponseFraming framing = Feed($"{Ok}X: {padding}\r\nKeep-Alive: max=5,{padding[..400]},timeout=9\r\nContent-Length: 3\r\n\r\nabc", size).Framing;
            framing.IsComplete.ShouldBeTrue($"{size}");
            framing.KeepAlive.ShouldBe(TimeSpan.FromSeconds(9));
        }
    }

    [Fact]
    public void Begin_AgainOnTheSameConnection_ForgetsTheResponseBefore()
    {
        ResponseFraming framing = Feed(Ok + "Connection: close\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5, isHead: true).Framing;
        framing.Begin(isHead: false);
        framing.IsComplete.ShouldBeFalse();
        framing.EndsConnection.ShouldBeFalse();
        framing.KeepAlive.ShouldBeNull();
        framing.Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"u8).HeadHasEnded.ShouldBeTrue();
        framing.IsComplete.ShouldBeFalse("it is no answer to HEAD any more");
        framing.Feed("k"u8);
        framing.IsComplete.ShouldBeTrue();
    }

    /// <summary>A line that is longer than any runtime reads by default is not understood, in one piece as little as in several.</summary>
    [Theory]
    [InlineData(64 * 1024, true)]
    [InlineData((64 * 1024) + 1, false)]
    public void Line_AsLongAsIsRead_IsTheSameHoweverItIsCut(int length, bool isRead)
    {
        // The return counts, the name and what follows it as well.
        string response = $"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: {new string('a', length - 6)}\r\n\r\n";
        foreach (int size in new[] { int.MaxValue, 70_000, 1_000, 1 })
        {
            Feed(response, Math.Min(size, response.Length)).Framing.IsComplete.ShouldBe(isRead);
        }
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
