using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Tests.Kernel;

/// <summary>In which order and at what distance the addresses of a name are tried (RFC 8305).</summary>
public class DialerTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("6a", "6a")]
    [InlineData("4a 4b", "4a 4b")]
    [InlineData("6a 4a", "6a 4a")]
    [InlineData("6a 6b 4a 4b", "6a 4a 6b 4b")]
    [InlineData("4a 4b 4c 6a", "4a 6a 4b 4c")]
    [InlineData("6a 6b 6c 4a", "6a 4a 6b 6c")]
    [InlineData("6a 4a 4b 6b", "6a 4a 6b 4b")]
    [InlineData("4a 4b 4c", "4a 4b 4c")]
    public void Interleave_FamiliesTakeTurnsBeginningWithTheFirst(string resolved, string tried)
    {
        if (!Socket.OSSupportsIPv6)
        {
            // Without IPv6 only the addresses of the other family are of use.
            tried = string.Join(' ', tried.Split(' ').Where(static a => a.StartsWith('4')));
        }

        Dialer.Interleave(Addresses(resolved)).ShouldBe(Addresses(tried));
    }

    [Theory]
    [InlineData(2, -1, 250)]
    [InlineData(2, 10_000, 250)]
    [InlineData(20, 10_000, 250)]
    [InlineData(40, 10_000, 125)]
    [InlineData(5, 1000, 100)]
    [InlineData(1000, 10_000, 10)]
    [InlineData(2, 10, 10)]
    public void DelayBetween_IsShortenedSoThatEachAddressIsTriedInTheFirstHalfOfTheLimit(int addresses, int limitMilliseconds, int delayMilliseconds) =>
        Dialer.DelayBetween(addresses, TimeSpan.FromMilliseconds(limitMilliseconds)).ShouldBe(TimeSpan.FromMilliseconds(delayMilliseconds));

    private static IPAddress[] Addresses(string names) =>
        [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static name => IPAddress.Parse(name[0] == '4' ? $"10.0.0.{name[1] - 'a' + 1}" : $"2001:db8::{name[1] - 'a' + 1}"))];
}
