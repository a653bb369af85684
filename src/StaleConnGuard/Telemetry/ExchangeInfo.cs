namespace StaleConnGuard;

/// <summary>
/// Which connection carried a request, and how: of the last exchange, when the request was sent more than once. Immutable. Got from
/// <see cref="HttpRequestMessageExtensions.GetExchangeInfo"/>.
/// </summary>
public sealed record ExchangeInfo
{
    /// <summary>Gets a number that names the connection within this process.</summary>
    public required long ConnectionId { get; init; }

    /// <summary>Gets whether the connection had been in the pool.</summary>
    public required bool IsReused { get; init; }

    /// <summary>Gets how long the connection had been idle when the request was written; since it was made, for a new one.</summary>
    public required TimeSpan IdleAge { get; init; }

    /// <summary>Gets how long ago the connection had been made.</summary>
    public required TimeSpan ConnectionAge { get; init; }

    /// <summary>Gets how many requests the connection had carried before this one.</summary>
    public required int RequestsOnConnection { get; init; }

    /// <summary>
    /// Gets the time from the first byte written to the first byte of a response, over HTTP/2 to its headers, or <see langword="null"/> when none came.
    /// </summary>
    public required TimeSpan? TimeToFirstByte { get; init; }

    /// <summary>Gets how often the request had been sent before: replays, retries, and redirects and challenges that the runtime followed.</summary>
    public required int ResendCount { get; init; }
}
