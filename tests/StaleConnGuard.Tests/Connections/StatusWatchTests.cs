using System.Text;

namespace StaleConnGuard.Tests.Connections;

public class StatusWatchTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", 200)]
    [InlineData("HTTP/1.0 404", 404)]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", 101)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n", 201)]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n", 101)]
    [InlineData("HTTP/1.1 102 Processing\n\nHTTP/1.1 200 OK\n\n", 200)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n", 500)]
    public void Status_HoweverTheBytesAreCut_IsTheFinalOne(string response, int expected)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(response);
        for (int size = 1; size <= bytes.Length; size++)
        {
            StatusWatch watch = default;
            List<int> statuses = [];
            for (int at = 0; at < bytes.Length && !watch.IsDecided; at += size)
            {
                if (watch.Feed(bytes.AsSpan(at, Math.Min(size, bytes.Length - at))) is int status)
                {
                    statuses.Add(status);
                }
            }

            statuses.ShouldBe([expected]);
            watch.IsDecided.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 20")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: HTTP/1.1 101 x\r\n")]
    public void Status_NotThereYet_IsUndecided(string response)
    {
        StatusWatch watch = default;

        watch.Feed(Encoding.ASCII.GetBytes(response)).ShouldBeNull();

        watch.IsDecided.ShouldBeFalse();
    }
}
