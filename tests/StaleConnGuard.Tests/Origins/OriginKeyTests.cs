namespace StaleConnGuard.Tests.Origins;

public class OriginKeyTests
{
    [Theory]
    [InlineData("http://user:secret@Api.Example.com:3128/path?query#fragment", "http://api.example.com:3128")]
    [InlineData("HTTPS://user@EXAMPLE.com", "https://example.com:443")]
    [InlineData("http://user:p%40ss@example.com./", "http://example.com.:80")]
    [InlineData("http://BÜCHER.example/", "http://xn--bcher-kva.example:80")]
    [InlineData("http://user:secret@[2001:DB8::1]/", "http://[2001:db8::1]:80")]
    [InlineData("https://[::1]:8443/", "https://[::1]:8443")]
    [InlineData("socks5://user:secret@proxy:1080", "socks5://proxy:1080")]
    [InlineData("http://127.1/", "http://127.0.0.1:80")]
    public void Of_AnyAddress_IsSchemeHostAndPortAsOnTheWire(string address, string expected)
    {
        OriginKey.TextOf(new Uri(address)).ShouldBe(expected);
        OriginKey.Of(new Uri(address)).ToString().ShouldBe(expected);
        OriginKey.Of(new Uri("https://server.example/"), proxy: new Uri(address)).ToString().ShouldBe($"https://server.example:443 via {expected}");
    }

    /// <summary>What is shown can be read again, and is the same origin.</summary>
    [Theory]
    [InlineData("http://[fe80::1%25eth0]:81/")]
    [InlineData("https://[::ffff:192.0.2.1]/")]
    [InlineData("http://bücher.example/")]
    public void Origin_ReadAgain_IsTheSame(string address)
    {
        OriginKey key = OriginKey.Of(new Uri(address));
        OriginKey.TryParse(key.Origin, out OriginKey again).ShouldBeTrue();
        again.ShouldBe(key);
    }

    [Theory]
    [InlineData("https://user:secret@host:3128", "https://***@host:3128")]
    [InlineData("user:secret@host", "***@host")]
    [InlineData("https://user:p@ss/word@host/path", "https://***@host/path")]
    [InlineData("00:01:00", "00:01:00")]
    [InlineData("@", "***@")]
    public void UserInformation_IsHidden(string text, string expected) => UserInformation.Hide(text).ShouldBe(expected);
}
