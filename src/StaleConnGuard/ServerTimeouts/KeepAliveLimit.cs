using System.Runtime.InteropServices;

namespace StaleConnGuard.ServerTimeouts;

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

    /// <summary>With the whole margin: connections up to this age are taken without another question.</summary>
    public static KeepAliveLimit WithFullMargin(OriginKnowledge knowledge, KeepAliveSettings settings, bool safeToRepeat) =>
        Lowered(OfThisProcess(knowledge, settings, safeToRepeat), knowledge, settings);

    /// <summary>
    /// With the margin in force, the measured one where there is one: the highest age at which a connection is taken, older than <see cref="WithFullMargin"/> says only when
    /// the kernel agrees. Asked for old connections and by who wants to show it; looks at the clock where a margin was measured.
    /// </summary>
    public static KeepAliveLimit WithMeasuredMargin(OriginKnowledge knowledge, KeepAliveSettings settings, bool safeToRepeat)
    {
        long timeout = SmallestTimeout(knowledge, settings, out KeepAliveLimitSource source);
        return timeout == KeepAliveSettings.None
            ? WithFullMargin(knowledge, settings, safeToRepeat)
            : Lowered(new KeepAliveLimit(Below(timeout, settings.Margin.InForceTicks(knowledge, source)), source), knowledge, settings);
    }

    /// <summary>The margin in force, in ticks; <see cref="KeepAliveSettings.None"/> where no server timeout is known.</summary>
    public static long MarginInForce(OriginKnowledge knowledge, KeepAliveSettings settings)
    {
        long timeout = SmallestTimeout(knowledge, settings, out KeepAliveLimitSource source);
        return timeout == KeepAliveSettings.None ? KeepAliveSettings.None : timeout - Below(timeout, settings.Margin.InForceTicks(knowledge, source));
    }

    /// <summary>
    /// May the server be closing a connection of this idle age as it is used? Always, as long as nothing is known of it; otherwise only near its timeout, however
    /// small a margin was asked for. What costs a wait to be prepared for a race is done only then.
    /// </summary>
    public static bool MayRace(OriginKnowledge knowledge, KeepAliveSettings settings, long idleAgeTicks)
    {
        long timeout = SmallestTimeout(knowledge, settings, out _);
        return timeout == KeepAliveSettings.None || idleAgeTicks > Below(timeout, Math.Max(settings.Margin.FullTicks, KeepAliveDefaults.Margin.Ticks));
    }

    /// <summary>The server timeout less the margin; the margin is never more than half of it, or short timeouts would allow no reuse at all.</summary>
    public static long Below(long timeoutTicks, long marginTicks) => timeoutTicks - Math.Min(marginTicks, timeoutTicks / 2);

    private static long SmallestTimeout(OriginKnowledge knowledge, KeepAliveSettings settings, out KeepAliveLimitSource source)
    {
        long timeout = settings.ConfiguredTicks;
        source = KeepAliveLimitSource.Configured;

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

        return timeout;
    }

    // What counts without a file.
    private static KeepAliveLimit OfThisProcess(OriginKnowledge knowledge, KeepAliveSettings settings, bool safeToRepeat)
    {
        long timeout = SmallestTimeout(knowledge, settings, out KeepAliveLimitSource source);
        if (timeout != KeepAliveSettings.None)
        {
            return new KeepAliveLimit(Below(timeout, settings.Margin.FullTicks), source);
        }

        if (safeToRepeat)
        {
            return new KeepAliveLimit(KeepAliveSettings.None, KeepAliveLimitSource.NothingKnown);
        }

        long openUntil = settings.Learn ? knowledge.OpenUntilTicks : 0;
        if (openUntil > settings.NonIdempotentMaxIdleTicks)
        {
            return new KeepAliveLimit(openUntil, KeepAliveLimitSource.OpenUntil);
        }

        return new KeepAliveLimit(settings.NonIdempotentMaxIdleTicks, KeepAliveLimitSource.NonIdempotentMaxIdle);
    }

    /// <summary>
    /// What another process has learned makes connections be taken for a shorter time, if anything: it is no timeout of this one's, which would let a request that is not safe to
    /// repeat take older connections than it may while nothing is known.
    /// </summary>
    private static KeepAliveLimit Lowered(in KeepAliveLimit limit, OriginKnowledge knowledge, KeepAliveSettings settings)
    {
        if (!settings.Remembers)
        {
            return limit;
        }

        long remembered = knowledge.RememberedTicks;
        if (remembered == KeepAliveSettings.None)
        {
            return limit;
        }

        long below = Below(remembered, settings.Margin.FullTicks);
        return below < limit.MaxIdleTicks ? new KeepAliveLimit(below, KeepAliveLimitSource.Remembered) : limit;
    }
}
