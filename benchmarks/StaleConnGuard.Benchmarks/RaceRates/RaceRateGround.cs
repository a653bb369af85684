using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>What all rates were raced on.</summary>
/// <param name="RoundTrip">What a packet is to take there and back.</param>
/// <param name="HarmlessAges">The idle ages at which the requests leave that are not aimed.</param>
/// <param name="Connect">What a bare socket took to connect, in the median, before the race.</param>
/// <param name="Collections">How often a collector ran while a race was on, on either side.</param>
internal sealed record RaceRateGround(TimeSpan RoundTrip, AimWindow HarmlessAges, TimeSpan Connect, int Collections);
