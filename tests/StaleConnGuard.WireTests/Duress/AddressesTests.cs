using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>Addresses that lead nowhere, from the application or from a server that redirects: the guarded client fails as the plain one, and with retries no other way.</summary>
public class AddressesTests
{
    [Theory]
    [InlineData("http://1\u05d6/")]
    [InlineData("http://xn--0/")]
    [InlineData("http://a..b/")]
    [InlineData("http://nowhere.invalid/")]
    [InlineData("http://[::]:1/")]
    [InlineData("http://0.0.0.0:1/")]
    [InlineData("http://127.0.0.1:0/")]
    [InlineData("ftp://127.0.0.1/")]
    public async Task Address_ThatLeadsNowhere_FailsAsWithoutTheGuard(string address)
    {
        Exception plain = await FailureAsync(new SocketsHttpHandler(), address);
        Exception guarded = await FailureAsync(StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { MaxRetries = 1, BaseDelay = TimeSpan.FromMilliseconds(1) } }), address);

        guarded.GetType().ShouldBe(plain.GetType());
        (guarded as HttpRequestException)?.HttpRequestError.ShouldBe(((HttpRequestException)plain).HttpRequestError);
    }

    [Theory]
    [InlineData("http://1\u05d6/")]
    [InlineData("http://xn--0/")]
    [InlineData("//")]
    [InlineData("http://")]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("mailto:a@b")]
    [InlineData("http://127.0.0.1:99999/")]
    [InlineData("http://127.0.0.1:1/")]
    [InlineData("javascript:alert(1)")]
    public async Task Redirect_ThatLeadsNowhere_NeverMakesTheGuardWorse(string location)
    {
        string head = $"HTTP/1.1 302 Found\r\nLocation: {Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(location))}\r\nContent-Length: 0\r\n\r\n";
        (await new SideBySide(HostileAnswer.Of(location, head), "GET", reused: true).CompareAsync()).ShouldBeNull();
    }

    private static async Task<Exception> FailureAsync(HttpMessageHandler handler, string address)
    {
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(20) };
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(address));
        }
        catch (Exception e)
        {
            return e;
        }

        throw new InvalidOperationException("It was answered.");
    }
}
