namespace StaleConnGuard;

/// <summary>
/// How connections of one client are guarded and when its requests are sent again. Named options: the name is the client's. What is set
/// without a name, by <c>services.Configure&lt;StaleConnGuardOptions&gt;(…)</c> too, is for every client; a client's own comes on top.
/// Not thread-safe; do not change an instance once a handler was made from it.
/// </summary>
public sealed class StaleConnGuardOptions
{
    /// <summary>Gets or sets whether the client is guarded at all.</summary>
    /// <value>
    /// The default value is <see langword="true"/>. With <see langword="false"/> the client stays as it is without this library: no handler is
    /// added and its primary handler is not changed.
    /// </value>
    /// <remarks>
    /// After a reload <see langword="false"/> takes effect on the next request, <see langword="true"/> when the factory makes the client's
    /// next handler (after 2 minutes by default).
    /// </remarks>
    public bool Enabled { get; set; } = true;

    /// <summary>Gets or sets what is known of the server's keep-alive timeout and how far to stay below it.</summary>
    public KeepAliveOptions KeepAlive { get; set; } = new();

    /// <summary>Gets or sets when a request that was lost on a stale connection is sent again at once.</summary>
    public ReplayOptions Replay { get; set; } = new();

    /// <summary>Gets or sets when a request is sent again later, with backoff.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Gets or sets how connections are made and kept.</summary>
    public TransportOptions Transport { get; set; } = new();
}
