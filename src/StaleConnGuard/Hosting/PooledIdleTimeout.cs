namespace StaleConnGuard.Hosting;

/// <summary>
/// The <see cref="SocketsHttpHandler.PooledConnectionIdleTimeout"/> that goes with a server timeout: the highest keep-alive limit that can come to apply, which lies below
/// the server timeout by the margin, or by the smallest one that could be measured. The guard refuses connections that are too old when they are taken; this is so that the
/// sockets are also closed.
/// <para>
/// The pool's scavenger looks every quarter of the value, at least every second, so a socket may stay open for up to 1.25 times the
/// limit, or the limit plus a second; the server may close it first, which harms nobody, because it is not taken any more. A value with
/// that slack taken off would throw away connections that are still good. One with the whole margin taken off would throw away those that a measured margin keeps, and before
/// the server was ever seen to close one.
/// </para>
/// </summary>
internal static class PooledIdleTimeout
{
    private const double ScavengerSlack = 1.25;
    private static readonly TimeSpan ScavengerMinimum = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ScavengerWhenInfinite = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What the factory sets: the caller's own value if there is one, else the smallest that any configured server timeout asks for,
    /// client-wide or for one origin (a handler has one value for all), else null: leave the handler's alone.
    /// </summary>
    public static TimeSpan? Derive(StaleConnGuardOptions options) => options.Transport.PooledConnectionIdleTimeout ?? Derive(options.KeepAlive);

    /// <summary>The same for who has no value of their own.</summary>
    public static TimeSpan? Derive(KeepAliveOptions keepAlive)
    {
        TimeSpan? smallest = keepAlive.ServerTimeout is { } timeout ? For(timeout, LeastMargin(timeout, keepAlive, origin: null)) : null;
        foreach (KeepAliveOriginOptions origin in keepAlive.Origins.Values)
        {
            if ((origin.ServerTimeout ?? keepAlive.ServerTimeout) is not { } originTimeout)
            {
                continue;
            }

            TimeSpan one = For(originTimeout, LeastMargin(originTimeout, keepAlive, origin));
            if (smallest is null || one < smallest)
            {
                smallest = one;
            }
        }

        return smallest;
    }

    /// <summary>The value for one server timeout and margin.</summary>
    public static TimeSpan For(TimeSpan serverTimeout, TimeSpan margin) =>
        TimeSpan.FromTicks(KeepAliveLimit.Below(serverTimeout.Ticks, margin.Ticks));

    /// <summary>
    /// The highest value with which the pool, without the guard, would close connections before the server does, its slack included. For a timeout
    /// of less than about 2 s there is none; half of the limit is as good as it gets.
    /// </summary>
    public static TimeSpan InTime(TimeSpan serverTimeout, TimeSpan margin)
    {
        TimeSpan limit = For(serverTimeout, margin);
        return Max(Min(limit, Min(serverTimeout / ScavengerSlack, serverTimeout - ScavengerMinimum)), limit / 2);
    }

    /// <summary>The highest idle age a connection can reach in the pool with this value; infinite stays infinite.</summary>
    public static TimeSpan HighestIdleAge(TimeSpan pooledConnectionIdleTimeout)
    {
        if (pooledConnectionIdleTimeout == Timeout.InfiniteTimeSpan || pooledConnectionIdleTimeout == TimeSpan.Zero)
        {
            return pooledConnectionIdleTimeout;
        }

        return pooledConnectionIdleTimeout + Max(pooledConnectionIdleTimeout / 4, ScavengerMinimum);
    }

    /// <summary>How often the scavenger looks.</summary>
    public static TimeSpan ScavengeInterval(TimeSpan pooledConnectionIdleTimeout) =>
        pooledConnectionIdleTimeout == Timeout.InfiniteTimeSpan ? ScavengerWhenInfinite : Max(pooledConnectionIdleTimeout / 4, ScavengerMinimum);

    /// <summary>The smallest margin that can come to apply to one server timeout.</summary>
    private static TimeSpan LeastMargin(TimeSpan serverTimeout, KeepAliveOptions keepAlive, KeepAliveOriginOptions? origin)
    {
        TimeSpan margin = origin?.Margin ?? keepAlive.Margin;
        bool measures = (origin?.MeasureMargin ?? keepAlive.MeasureMargin) && (origin?.Learn ?? keepAlive.Learn) && TcpSnapshot.IsSupported;
        return measures ? Min(margin, TimeSpan.FromTicks(MarginRules.LeastFor(serverTimeout.Ticks))) : margin;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
