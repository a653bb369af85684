namespace StaleConnGuard;

/// <summary>How connections are made and kept, and how one that died without a word is found out.</summary>
/// <remarks>Read when a handler is made; a reload reaches connections with the next handler.</remarks>
public sealed class TransportOptions
{
    /// <summary>Gets or sets how long establishing a connection may take.</summary>
    /// <value>The default value is 10 seconds. Between 10 ms and 1 hour, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>
    /// For all of it together: name resolution, TCP, a proxy's tunnel, TLS. Of a name with several addresses the next is tried beside the last one after 250 ms,
    /// sooner when that has failed or the time is short (RFC 8305), so that one that leads nowhere does not use the time up. When it has run out, the request fails with an
    /// <see cref="HttpRequestException"/> of <see cref="HttpRequestError.ConnectionError"/> with a <see cref="TimeoutException"/> inside. A handler of
    /// the application's own that has a <see cref="SocketsHttpHandler.ConnectTimeout"/> set keeps it, and the exception that the runtime makes of it.
    /// </remarks>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gets or sets how long data may wait for an acknowledgement of the server's kernel, while nothing else is acknowledged either, before the
    /// connection is given up. A server that acknowledges is never cut, however long it takes to read or to answer.
    /// </summary>
    /// <value>The default value is 10 seconds. Between 500 ms and 1 hour, or <see cref="Timeout.InfiniteTimeSpan"/> for no such limit.</value>
    /// <remarks>
    /// Keep it well above the round trip: a kernel that has heard nothing sends again after no less than 200 ms and a round trip, then after twice
    /// as long, and so on. On Linux (4.2 and later) the guard looks itself, for every protocol over TCP. On macOS <c>TCP_RXT_CONNDROPTIME</c> and on Windows
    /// <c>TCP_MAXRT</c> is set, in whole seconds. <c>TCP_USER_TIMEOUT</c> is not used: it also cuts servers that acknowledge but do not read.
    /// </remarks>
    public TimeSpan UnacknowledgedDataTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Gets or sets whether a connection that is taken again after a second or more is looked at soon after the request was written, so that a
    /// request that is safe to repeat is replayed once the kernel has sent it three times without an acknowledgement: within a second on most networks. Linux only.
    /// </summary>
    /// <value>The default value is <see langword="true"/>.</value>
    public bool EarlySuspicion { get; set; } = true;

    /// <summary>Gets the probes that the kernel sends on silent connections.</summary>
    public TcpKeepAliveOptions TcpKeepAlive { get; } = new();

    /// <summary>Gets or sets after how long without a byte from the server an HTTP/2 ping is sent (RFC 9113 6.7).</summary>
    /// <value>The default value is <see cref="Timeout.InfiniteTimeSpan"/>: no pings. Otherwise between 1 second and 1 day.</value>
    /// <remarks>
    /// Ask what the server permits before setting it: gRPC servers end connections that ping more than once in 5 minutes without data
    /// (<c>ENHANCE_YOUR_CALM</c>, <c>too_many_pings</c>), and with them every call on them. On Linux dead connections are found without
    /// pings, by <see cref="UnacknowledgedDataTimeout"/> and <see cref="TcpKeepAlive"/>. A handler of the application's own that has a
    /// <see cref="SocketsHttpHandler.KeepAlivePingDelay"/> set keeps all three settings of pings.
    /// </remarks>
    public TimeSpan KeepAlivePingDelay { get; set; } = Timeout.InfiniteTimeSpan;

    /// <summary>Gets or sets how long the server has to answer an HTTP/2 ping before the connection is given up.</summary>
    /// <value>The default value is 10 seconds. Between 1 second and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    public TimeSpan KeepAlivePingTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets whether HTTP/2 pings are sent only while requests are under way, or always.</summary>
    /// <value>The default value is <see cref="HttpKeepAlivePingPolicy.WithActiveRequests"/>: servers may take pings on an idle connection for abuse.</value>
    public HttpKeepAlivePingPolicy KeepAlivePingPolicy { get; set; } = HttpKeepAlivePingPolicy.WithActiveRequests;

    /// <summary>Gets or sets how long a connection may live, so that DNS changes are followed.</summary>
    /// <value>The default value is 10 minutes. Between 1 second and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>A handler of the application's own that has a <see cref="SocketsHttpHandler.PooledConnectionLifetime"/> set keeps it.</remarks>
    public TimeSpan PooledConnectionLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Gets or sets the part of <see cref="PooledConnectionLifetime"/> by which each handler's own differs from it at most, either way, so that a fleet that was
    /// started together does not reconnect together.
    /// </summary>
    /// <value>The default value is 0.1. Between 0 and 0.5.</value>
    public double PooledConnectionLifetimeJitter { get; set; } = 0.1;

    /// <summary>Gets or sets the idle age at which the pool closes a connection on its own, coarsely (at up to 1.25 times this value).</summary>
    /// <value>
    /// The default value is <see langword="null"/>: derived from <see cref="KeepAliveOptions.ServerTimeout"/> so that sockets are closed
    /// before the server closes them, or the handler's own when no server timeout is known. Between 0 and 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.
    /// </value>
    public TimeSpan? PooledConnectionIdleTimeout { get; set; }
}
