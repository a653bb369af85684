namespace StaleConnGuard;

/// <summary>Sets what the options say on a handler, where the application has not set it itself.</summary>
internal static class HandlerDefaults
{
    private static readonly TimeSpan s_runtimeIdleTimeout = TimeSpan.FromMinutes(1);

    public static void Apply(SocketsHttpHandler handler, StaleConnGuardOptions options)
    {
        TransportOptions transport = options.Transport;
        if (handler.ConnectTimeout == Timeout.InfiniteTimeSpan)
        {
            handler.ConnectTimeout = transport.ConnectTimeout;
        }

        if (handler.PooledConnectionLifetime == Timeout.InfiniteTimeSpan)
        {
            handler.PooledConnectionLifetime = transport.PooledConnectionLifetime;
        }

        if (transport.PooledConnectionIdleTimeout is TimeSpan idle)
        {
            handler.PooledConnectionIdleTimeout = idle;
        }
        else if (DeriveIdleTimeout(options.KeepAlive) is TimeSpan derived && ShorterThan(derived, handler.PooledConnectionIdleTimeout))
        {
            handler.PooledConnectionIdleTimeout = derived;
        }
    }

    private static bool ShorterThan(TimeSpan derived, TimeSpan current) =>
        current == Timeout.InfiniteTimeSpan || derived < current || current == s_runtimeIdleTimeout;

    private static TimeSpan? DeriveIdleTimeout(KeepAliveOptions keepAlive)
    {
        if (keepAlive.ServerTimeout is not TimeSpan timeout)
        {
            return null;
        }

        TimeSpan limit = timeout - TimeSpan.FromTicks(Math.Min(keepAlive.Margin.Ticks, timeout.Ticks / 2));
        return limit;
    }
}
