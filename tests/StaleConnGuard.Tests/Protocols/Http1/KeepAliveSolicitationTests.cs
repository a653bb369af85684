using System.Text;

namespace StaleConnGuard.Tests.Protocols.Http1;

public class KeepAliveSolicitationTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nX-Connection: b\r\n\r\n", "GET / HTTP/1.1\r\nConnection: keep-alive\r\nHost: a\r\nX-Connection: b\r\n\r\n")]
    [InlineData("POST /a?b HTTP/1.1\r\nContent-Length: 13\r\n\r\nConnection: x", "POST /a?b HTTP/1.1\r\nConnection: keep-alive\r\nContent-Length: 13\r\n\r\nConnection: x")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST / HTTP/1.1\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("CONNECTED / HTTP/1.1\r\n\r\n", "CONNECTED / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n")]
    public void InsertInto_WholeHead_HasTheHeaderAndNothingElseChanged(string head, string expected) => Insert(head).ShouldBe(expected);

    [Theory]
    [InlineData("")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n")]
    [InlineData("GET / HTTP/1.0\r\nHost: a\r\n\r\n")]
    [InlineData("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nconnection:Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("{\"a\":1}\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    public void InsertInto_NoPlaceForIt_IsNull(string head) => Insert(head).ShouldBeNull();

    [Fact]
    public void AskAgainAfter_IsSoonEnoughForTheSmallestWordToStayInForce() => KeepAliveSolicitation.AskAgainAfter.ShouldBeLessThan(LearningRules.Recently);

    private static string? Insert(string head) =>
        KeepAliveSolicitation.InsertInto(Encoding.ASCII.GetBytes(head), out int length) is byte[] solicited ? Encoding.ASCII.GetString(solicited, 0, length) : null;
}
