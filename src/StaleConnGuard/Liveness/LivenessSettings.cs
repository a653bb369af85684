using System.Runtime.InteropServices;

namespace StaleConnGuard.Liveness;

/// <summary>What is looked for, in the units of the watch. Immutable.</summary>
/// <param name="TimeoutTicks">How long data may be unacknowledged while the peer is silent; <see cref="LivenessWatch.Never"/> for no such limit.</param>
/// <param name="SuspectsEarly">Whether a connection reused after a pause is looked at before that.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LivenessSettings(long TimeoutTicks, bool SuspectsEarly)
{
    /// <summary>How often something is looked at that deserves it: a small part of the kernel's shortest retransmission timeout, 200 ms.</summary>
    public static readonly long FastLookTicks = TimeSpan.FromMilliseconds(50).Ticks;

    /// <summary>Looks never come closer to each other.</summary>
    public static readonly long ShortestLookTicks = TimeSpan.FromMilliseconds(10).Ticks;

    /// <summary>
    /// Idle for so long, a connection deserves an early look. What was alive a second ago is alive: whatever forgets idle connections takes
    /// longer, and connections in constant use cost nothing this way.
    /// </summary>
    public static readonly long EarlyFromTicks = TimeSpan.FromSeconds(1).Ticks;

    private static readonly long s_slowestLookTicks = TimeSpan.FromSeconds(1).Ticks;

    public bool IsOn => SuspectsEarly || TimeoutTicks != LivenessWatch.Never;

    /// <summary>How often everything else that is outstanding is looked at.</summary>
    public long SlowLookTicks => Math.Clamp(TimeoutTicks / 10, FastLookTicks, s_slowestLookTicks);

    public static LivenessSettings From(TransportOptions options) => new(
        options.UnacknowledgedDataTimeout == Timeout.InfiniteTimeSpan ? LivenessWatch.Never : options.UnacknowledgedDataTimeout.Ticks,
        options.EarlySuspicion);
}
