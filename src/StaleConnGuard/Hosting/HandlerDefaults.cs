namespace StaleConnGuard.Hosting;

/// <summary>Sets what the options say on a handler, where the application has not set it itself.</summary>
internal static class HandlerDefaults
{
    private static readonly TimeSpan s_runtimeIdleTimeout = TimeSpan.FromMinutes(1);

    /// <param name="handler">The handler, not yet used.</param>
    /// <param name="options">The options.</param>
    /// <param name="roll">Between 0 and 1: where in its jitter this handler's lifetime lies.</param>
    public static void Apply(SocketsHttpHandler handler, StaleConnGuardOptions options, double roll)
    {
        TransportOptions transport = options.Transport;
        if (handler.ConnectTimeout == Timeout.InfiniteTimeSpan)
        {
            handler.ConnectTimeout = transport.ConnectTimeout;
        }

        if (handler.PooledConnectionLifetime == Timeout.InfiniteTimeSpan)
        {
            handler.PooledConnectionLifetime = Jittered(transport, roll);
        }

        // Without a delay the runtime sends no pings, so the other two mean nothing: they are the application's only together with it.
        if (handler.KeepAlivePingDelay == Timeout.InfiniteTimeSpan && transport.KeepAlivePingDelay != Timeout.InfiniteTimeSpan)
        {
            handler.KeepAlivePingDelay = transport.KeepAlivePingDelay;
            handler.KeepAlivePingTimeout = transport.KeepAlivePingTimeout;
            handler.KeepAlivePingPolicy = transport.KeepAlivePingPolicy;
        }

        // The options' own value is the caller's word. A derived one replaces the runtime's default either way, and otherwise only ever shortens.
        if (PooledIdleTimeout.Derive(options) is TimeSpan idle
            && (transport.PooledConnectionIdleTimeout is not null || handler.PooledConnectionIdleTimeout == Timeout.InfiniteTimeSpan || idle < handler.PooledConnectionIdleTimeout || handler.PooledConnectionIdleTimeout == s_runtimeIdleTimeout))
        {
            handler.PooledConnectionIdleTimeout = idle;
        }
    }

    /// <summary>A fleet that started together would otherwise reconnect together, for ever.</summary>
    private static TimeSpan Jittered(TransportOptions transport, double roll) =>
        transport.PooledConnectionLifetime == Timeout.InfiniteTimeSpan
            ? Timeout.InfiniteTimeSpan
            : transport.PooledConnectionLifetime * (1 + (transport.PooledConnectionLifetimeJitter * ((2 * roll) - 1)));
}
