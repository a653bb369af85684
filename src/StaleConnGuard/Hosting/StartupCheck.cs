using System.Globalization;

namespace StaleConnGuard.Hosting;

/// <summary>Finds settings that race, for one warning each when a client's handler is made.</summary>
internal static class StartupCheck
{
    /// <param name="options">Valid options of one client.</param>
    /// <param name="handlerIdleTimeout">The <see cref="SocketsHttpHandler.PooledConnectionIdleTimeout"/> that is in force in the end; null when there is no such handler.</param>
    public static IEnumerable<StartupFinding> Find(StaleConnGuardOptions options, TimeSpan? handlerIdleTimeout)
    {
        KeepAliveOptions keepAlive = options.KeepAlive;
        if (keepAlive.ServerTimeout is null && !keepAlive.Learn)
        {
            yield return new StartupFinding(
                StartupFindingKind.NothingKnownNorLearned,
                "KeepAlive:Learn is off and KeepAlive:ServerTimeout is not set: unless the server advertises its keep-alive timeout, idle connections are taken at any age. Set ServerTimeout, or switch Learn on.");
        }

        TimeSpan? derived = PooledIdleTimeout.Derive(keepAlive);
        foreach ((string where, TimeSpan timeout, TimeSpan margin) in Known(keepAlive))
        {
            if (margin > timeout / 2)
            {
                yield return new StartupFinding(
                    StartupFindingKind.MarginAboveHalf,
                    string.Create(CultureInfo.InvariantCulture, $"{where}: the margin of {Seconds(margin)} is more than half of the server timeout of {Seconds(timeout)}; {Seconds(timeout / 2)} is used. Set a margin of at most that."));
            }

            // What the factory sets itself is no setting of the application's.
            if (handlerIdleTimeout is { } idle && idle != derived && Outlives(idle, timeout, margin))
            {
                yield return new StartupFinding(
                    StartupFindingKind.PoolOutlivesServer,
                    string.Create(CultureInfo.InvariantCulture, $"{where}: the pool keeps idle connections {Kept(idle)}, the server closes them at {Seconds(timeout)}. Set PooledConnectionIdleTimeout to {Seconds(PooledIdleTimeout.InTime(timeout, margin))} or less, or leave it unset."));
            }
        }
    }

    private static bool Outlives(TimeSpan idle, TimeSpan timeout, TimeSpan margin)
    {
        if (idle == Timeout.InfiniteTimeSpan)
        {
            return true;
        }

        // There is no better one than the highest that is in time.
        return idle > PooledIdleTimeout.InTime(timeout, margin) && PooledIdleTimeout.HighestIdleAge(idle) > timeout;
    }

    private static IEnumerable<(string Where, TimeSpan Timeout, TimeSpan Margin)> Known(KeepAliveOptions keepAlive)
    {
        if (keepAlive.ServerTimeout is { } timeout)
        {
            yield return ("KeepAlive", timeout, keepAlive.Margin);
        }

        foreach ((string origin, KeepAliveOriginOptions own) in keepAlive.Origins)
        {
            if ((own.ServerTimeout ?? own.Margin) is not null && (own.ServerTimeout ?? keepAlive.ServerTimeout) is { } originTimeout)
            {
                yield return ($"KeepAlive:Origins:{origin}", originTimeout, own.Margin ?? keepAlive.Margin);
            }
        }
    }

    private static string Kept(TimeSpan idle) => idle == Timeout.InfiniteTimeSpan
        ? "for ever (PooledConnectionIdleTimeout is infinite)"
        : $"for up to {Seconds(PooledIdleTimeout.HighestIdleAge(idle))} (PooledConnectionIdleTimeout {Seconds(idle)} and the scavenger's slack)";

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}
