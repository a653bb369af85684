using System.Text;

namespace StaleConnGuard.Tests.Protocols.Http1;

public class RequestLineTests
{
    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST", true)]
    [InlineData("GET http://a/b?c=d HTTP/1.0\r\n", "GET", true)]
    [InlineData("PATCH / HTTP/1.1\r\n", "patch", true)]
    [InlineData("POST / HTTP/1.1\r\n", "GET", false)]
    [InlineData("POSTAL / HTTP/1.1\r\n", "POST", false)]
    [InlineData("POST / HTTP/1.1", "POST", false)]
    [InlineData("POST / HTTP/2.0\r\n", "POST", false)]
    [InlineData("POST a body\nHTTP/1.1\r\n", "POST", false)]
    [InlineData("POST", "POST", false)]
    [InlineData("", "POST", false)]
    public void Begins_OfAMethod_OnlyForItsRequestLine(string text, string method, bool expected) =>
        RequestLine.Begins(Encoding.ASCII.GetBytes(text), new HttpMethod(method)).ShouldBe(expected);

    [Theory]
    [InlineData("PUT / HTTP/1.1\r\n", true)]
    [InlineData("QUERY / HTTP/1.1\r\n", true)]
    [InlineData("get / HTTP/1.1\r\n", false)]
    [InlineData("POST / HTTP/1.1\r\n", false)]
    [InlineData("", false)]
    public void IsIdempotent_ByTheMethodOnTheWire(string text, bool expected) =>
        RequestLine.IsIdempotent(Encoding.ASCII.GetBytes(text)).ShouldBe(expected);

    [Theory]
    [InlineData("HEAD / HTTP/1.1\r\n", true)]
    [InlineData("HEADER / HTTP/1.1\r\n", false)]
    [InlineData("head / HTTP/1.1\r\n", false)]
    [InlineData("GET /HEAD HTTP/1.1\r\n", false)]
    [InlineData("HEAD", false)]
    public void IsHead_ByTheMethodOnTheWire(string text, bool expected) =>
        RequestLine.IsHead(Encoding.ASCII.GetBytes(text)).ShouldBe(expected);
}
