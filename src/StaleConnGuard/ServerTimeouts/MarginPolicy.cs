namespace StaleConnGuard.ServerTimeouts;

/// <summary>How far below the server timeout connections are still taken. Immutable, thread-safe; asked for old connections only.</summary>
internal abstract class MarginPolicy(long fullTicks)
{
    /// <summary>The margin that the options ask for, in <see cref="TimeSpan"/> ticks: below it a connection is taken without another question.</summary>
    public long FullTicks => fullTicks;

    /// <summary>The margin in force for an origin, never more than the full one.</summary>
    /// <param name="origin">What is known of the server.</param>
    /// <param name="source">Where its timeout comes from.</param>
    public abstract long InForceTicks(OriginKnowledge origin, KeepAliveLimitSource source);

    public static MarginPolicy From(TimeSpan full, bool measures) => measures ? new MeasuredMarginPolicy(full.Ticks) : new FullMarginPolicy(full.Ticks);
}

/// <summary>The margin of the options, whatever the server does.</summary>
internal sealed class FullMarginPolicy(long fullTicks) : MarginPolicy(fullTicks)
{
    public override long InForceTicks(OriginKnowledge origin, KeepAliveLimitSource source) => FullTicks;
}

/// <summary>The margin that the server's own punctuality asks for, where <see cref="MeasuredMargin"/> has found that out.</summary>
internal sealed class MeasuredMarginPolicy(long fullTicks) : MarginPolicy(fullTicks)
{
    // Of what a server advertises the runtime itself leaves the last second unused: there is nothing to gain.
    public override long InForceTicks(OriginKnowledge origin, KeepAliveLimitSource source) =>
        source is KeepAliveLimitSource.Advertised ? FullTicks : Math.Min(FullTicks, origin.MeasuredMarginTicks);
}
