using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>Where a race takes place, as it is told to people and machines.</summary>
/// <param name="Server">The address of the real server; null for the embedded one, which has one for each entry.</param>
/// <param name="IdleTimeout">The idle age at which it closes connections.</param>
/// <param name="IdleTimeoutSource">Where that figure comes from.</param>
/// <param name="DyingPercent">How many percent of the requests the embedded server executes and then dies on.</param>
/// <param name="Link">What is between client and server.</param>
/// <param name="Device">The network device of a link of real packets; empty when there is none.</param>
/// <param name="WhyRelay">Why the link is a relay; empty when it is not.</param>
/// <param name="RoundTrip">The time a packet needs there and back.</param>
/// <param name="Aim">The idle ages at which requests leave.</param>
internal sealed record RaceGround(
    Uri? Server, TimeSpan IdleTimeout, string IdleTimeoutSource, int DyingPercent, LinkKind Link, string Device, string WhyRelay, TimeSpan RoundTrip, AimWindow Aim);

/// <summary>What is between client and server.</summary>
internal enum LinkKind
{
    /// <summary>The link of real packets that the race made.</summary>
    Packets,

    /// <summary>A relay on loopback.</summary>
    Relay,

    /// <summary>The network as it is.</summary>
    Network,
}
