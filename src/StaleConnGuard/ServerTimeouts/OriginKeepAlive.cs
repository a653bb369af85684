namespace StaleConnGuard;

/// <summary>What is known of one origin at one moment. Immutable.</summary>
public sealed record OriginKeepAlive
{
    /// <summary>Gets scheme, host and port, as in <c>https://api.example.com:443</c>.</summary>
    public required string Origin { get; init; }

    /// <summary>Gets the proxy that leads to it, or <see langword="null"/>.</summary>
    public string? Proxy { get; init; }

    /// <summary>Gets the server timeout configured by the client that connected last, or <see langword="null"/>.</summary>
    public TimeSpan? Configured { get; init; }

    /// <summary>Gets the server timeout the server advertises (<c>Keep-Alive: timeout=</c>), or <see langword="null"/>.</summary>
    public TimeSpan? Advertised { get; init; }

    /// <summary>Gets the server timeout learned from the server's behaviour, or <see langword="null"/>.</summary>
    public TimeSpan? Learned { get; init; }

    /// <summary>
    /// Gets the server timeout that another process has learned (<see cref="KeepAliveOptions.LedgerFile"/>), or <see langword="null"/> when nothing is remembered, or
    /// this process knows better by now.
    /// </summary>
    public TimeSpan? Remembered { get; init; }

    /// <summary>Gets the longest idle age at which a connection was seen open with none closed at it since; zero when none was seen.</summary>
    public TimeSpan OpenUntil { get; init; }

    /// <summary>
    /// Gets the distance kept below the smallest server timeout that is known, by the settings of the client that connected last, or <see langword="null"/> when none is known.
    /// Smaller than <see cref="KeepAliveOptions.Margin"/> when the server was measured (<see cref="KeepAliveOptions.MeasureMargin"/>) or the timeout is short.
    /// </summary>
    public TimeSpan? Margin { get; init; }

    /// <summary>
    /// Gets the highest idle age at which a request that is safe to repeat takes a connection, by the settings of the client that
    /// connected last, or <see langword="null"/> for no limit.
    /// </summary>
    public TimeSpan? Limit { get; init; }

    /// <summary>Gets where <see cref="Limit"/> comes from.</summary>
    public KeepAliveLimitSource LimitSource { get; init; }

    /// <summary>Gets the same as <see cref="Limit"/> for a request that is not safe to repeat.</summary>
    public TimeSpan? NonIdempotentLimit { get; init; }

    /// <summary>Gets where <see cref="NonIdempotentLimit"/> comes from.</summary>
    public KeepAliveLimitSource NonIdempotentLimitSource { get; init; }

    /// <summary>Gets how many idle connections the server was seen to close.</summary>
    public long IdleCloses { get; init; }

    /// <summary>Gets how many stale hits there were.</summary>
    public long StaleHits { get; init; }

    /// <summary>Gets how many closes and stale hits were put down to a restart and taught nothing.</summary>
    public long RestartsSuspected { get; init; }

    /// <summary>Gets how many stale hits of requests that are not safe to repeat reached the caller as an exception.</summary>
    public long NonIdempotentSurfaced { get; init; }

    /// <summary>Gets when that happened last, or <see langword="null"/>.</summary>
    public DateTimeOffset? LastNonIdempotentSurfaced { get; init; }
}
