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

        // The options' own value is the caller's word. A derived one replaces the runtime's default either way, and otherwise only ever shortens.
        if (PooledIdleTimeout.Derive(options) is TimeSpan idle
            && (transport.PooledConnectionIdleTimeout is not null || handler.PooledConnectionIdleTimeout == Timeout.InfiniteTimeSpan || idle < handler.PooledConnectionIdleTimeout || handler.PooledConnectionIdleTimeout == s_runtimeIdleTimeout))
        {
            handler.PooledConnectionIdleTimeout = idle;
        }
    }
}
