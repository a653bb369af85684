namespace StaleConnGuard;

/// <summary>
/// How connections of one client are guarded and when its requests are sent again. Named options: the name is the client's.
/// Not thread-safe; do not change an instance once a handler was made from it.
/// </summary>
public sealed class StaleConnGuardOptions
{
    /// <summary>Gets or sets what is known of the server's keep-alive timeout and how far to stay below it.</summary>
    public KeepAliveOptions KeepAlive { get; set; } = new();

    /// <summary>Gets or sets when a request that was lost on a stale connection is sent again at once.</summary>
    public ReplayOptions Replay { get; set; } = new();

    /// <summary>Gets or sets when a request is sent again later, with backoff.</summary>
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Gets or sets how connections are made and kept.</summary>
    public TransportOptions Transport { get; set; } = new();
}
