namespace StaleConnGuard.Racing;

/// <summary>What became of one aimed request.</summary>
/// <param name="RequestId">What it carried in <c>X-Request-Id</c>.</param>
/// <param name="Failure">The exception that the caller got, or null when the request was answered.</param>
/// <param name="Latency">From the call to the end of the response, or to the failure.</param>
/// <param name="Raced">Whether it, or an attempt to send it, was lost on a reused connection that ended before a byte of a response.</param>
public sealed record RaceOutcome(string RequestId, Exception? Failure, TimeSpan Latency, bool Raced)
{
    /// <summary>Gets how many connections were opened meanwhile: none when it found one that was open.</summary>
    public int ConnectionsOpened { get; init; }

    /// <summary>Gets how long it took from the call to the moment at which its first loss was found. Null when it was not lost.</summary>
    public TimeSpan? CallToLoss { get; init; }

    /// <summary>
    /// Gets how long it took from the moment at which its first loss was found to the moment at which a new connection was open: what the
    /// client waits before it sends again, and the connect. Null when it was not lost, or not sent again.
    /// </summary>
    public TimeSpan? LossToConnection { get; init; }
}
