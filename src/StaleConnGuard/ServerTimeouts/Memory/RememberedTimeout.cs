using System.Runtime.InteropServices;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>What an earlier process, or another one, has learned of an origin.</summary>
/// <param name="Key">The origin.</param>
/// <param name="TimeoutTicks">The server timeout, in <see cref="TimeSpan"/> ticks.</param>
/// <param name="Confirmed">When a close of the server confirmed it last.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RememberedTimeout(OriginKey Key, long TimeoutTicks, DateTimeOffset Confirmed)
{
    /// <summary>What is older than this is forgotten: servers are configured anew, and addresses given to others.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    // Clocks of machines that share a file differ a little; a date from further ahead would never be forgotten.
    private static readonly TimeSpan s_ahead = TimeSpan.FromMinutes(5);

    /// <summary>Not too old to count, and not from the future.</summary>
    public bool IsFresh(DateTimeOffset now) => now - Confirmed < Kept && Confirmed - now <= s_ahead;
}
