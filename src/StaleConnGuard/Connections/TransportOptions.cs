namespace StaleConnGuard;

/// <summary>How connections are made and kept.</summary>
public sealed class TransportOptions
{
    /// <summary>Gets or sets how long establishing a connection may take.</summary>
    /// <value>The default value is 10 seconds. Between 10 ms and 1 hour, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>A handler of the application's own that has a <see cref="SocketsHttpHandler.ConnectTimeout"/> set keeps it.</remarks>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long a connection may live, so that DNS changes are followed.</summary>
    /// <value>The default value is 10 minutes. Between 1 second and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>A handler of the application's own that has a <see cref="SocketsHttpHandler.PooledConnectionLifetime"/> set keeps it.</remarks>
    public TimeSpan PooledConnectionLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the idle age at which the pool closes a connection on its own, coarsely (at up to 1.25 times this value).</summary>
    /// <value>
    /// The default value is <see langword="null"/>: derived from <see cref="KeepAliveOptions.ServerTimeout"/> so that sockets are closed
    /// before the server closes them, or the handler's own when no server timeout is known. Between 0 and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </value>
    public TimeSpan? PooledConnectionIdleTimeout { get; set; }
}
