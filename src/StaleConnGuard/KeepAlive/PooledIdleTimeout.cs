namespace StaleConnGuard;

/// <summary>
/// The <see cref="SocketsHttpHandler.PooledConnectionIdleTimeout"/> that goes with a server timeout. The guard already refuses
/// connections that are too old when they are taken; this is so that the sockets are also closed, by us and not by the server.
/// <para>
/// The pool's scavenger looks every quarter of the value, at least every second, so a connection is closed at up to 1.25 times
/// the value, or the value plus a second. With a server timeout T and a keep-alive limit L the value is min(L, T / 1.25, T − 1 s). For a T
/// of less than about 2 s no value is in time; half of L keeps the pool useful then (0 would switch it off).
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
    public static TimeSpan? Derive(StaleConnGuardOptions options)
    {
        if (options.Transport.PooledConnectionIdleTimeout is { } own)
        {
            return own;
        }

        KeepAliveOptions keepAlive = options.KeepAlive;
        TimeSpan? smallest = keepAlive.ServerTimeout is { } timeout ? For(timeout, keepAlive.Margin) : null;
        foreach (KeepAliveOriginOptions origin in keepAlive.Origins.Values)
        {
            if ((origin.ServerTimeout ?? keepAlive.ServerTimeout) is not { } originTimeout)
            {
                continue;
            }

            TimeSpan one = For(originTimeout, origin.Margin ?? keepAlive.Margin);
            if (smallest is null || one < smallest)
            {
                smallest = one;
            }
        }

        return smallest;
    }

    /// <summary>The value for one server timeout.</summary>
    public static TimeSpan For(TimeSpan serverTimeout, TimeSpan margin)
    {
        TimeSpan limit = TimeSpan.FromTicks(KeepAliveLimit.Below(serverTimeout.Ticks, margin.Ticks));
        TimeSpan inTime = Min(serverTimeout / ScavengerSlack, serverTimeout - ScavengerMinimum);
        return Max(Min(limit, inTime), limit / 2);
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

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
