using System.Runtime.InteropServices;

namespace StaleConnGuard;

/// <summary>
/// The highest idle age at which one request may take a pooled connection, and why. Worked out per request: a handful of loads and
/// compares, no lock, no allocation, no clock.
/// </summary>
/// <param name="MaxIdleTicks">In <see cref="TimeSpan"/> ticks; <see cref="long.MaxValue"/> for no limit. A connection idle for exactly this long may be taken.</param>
/// <param name="Source">Where it comes from.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct KeepAliveLimit(long MaxIdleTicks, KeepAliveLimitSource Source)
{
    public TimeSpan? MaxIdle => MaxIdleTicks == KeepAliveSettings.None ? null : TimeSpan.FromTicks(MaxIdleTicks);

    public static KeepAliveLimit For(OriginKnowledge knowledge, KeepAliveSettings settings, bool safeToRepeat)
    {
        long timeout = settings.ConfiguredTicks;
        KeepAliveLimitSource source = KeepAliveLimitSource.Configured;

        long advertised = knowledge.AdvertisedTicks;
        if (advertised < timeout)
        {
            (timeout, source) = (advertised, KeepAliveLimitSource.Advertised);
        }

        long learned = settings.Learn ? knowledge.LearnedTicks : KeepAliveSettings.None;
        if (learned < timeout)
        {
            (timeout, source) = (learned, KeepAliveLimitSource.Learned);
        }

        if (timeout != KeepAliveSettings.None)
        {
            return new KeepAliveLimit(Below(timeout, settings.MarginTicks), source);
        }

        if (safeToRepeat)
        {
            return new KeepAliveLimit(KeepAliveSettings.None, KeepAliveLimitSource.NothingKnown);
        }

        long openUntil = settings.Learn ? knowledge.OpenUntilTicks : 0;
        if (openUntil > settings.UnsafeMaxIdleTicks)
        {
            return new KeepAliveLimit(openUntil, KeepAliveLimitSource.OpenUntil);
        }

        return new KeepAliveLimit(settings.UnsafeMaxIdleTicks, KeepAliveLimitSource.UnsafeMaxIdle);
    }

    /// <summary>The server timeout less the margin; the margin is never more than half of it, or short timeouts would allow no reuse at all.</summary>
    public static long Below(long timeoutTicks, long marginTicks) => timeoutTicks - Math.Min(marginTicks, timeoutTicks / 2);
}
