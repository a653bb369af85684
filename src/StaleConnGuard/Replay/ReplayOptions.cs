namespace StaleConnGuard;

/// <summary>When a request that was lost on a stale connection is sent again at once, on a fresh one.</summary>
public sealed class ReplayOptions
{
    /// <summary>Gets or sets how many replays one request may have when it is certain that the server did not receive it.</summary>
    /// <value>The default value is 3. Between 0 and 10; 0 switches replays off.</value>
    /// <remarks>A request whose delivery is unknown is replayed at most once, and only if it is safe to repeat.</remarks>
    public int MaxReplays { get; set; } = 3;

    /// <summary>Gets or sets when a request that is not safe to repeat may be replayed.</summary>
    /// <value>The default value is <see cref="UnsafeReplay.WhenProven"/>.</value>
    public UnsafeReplay UnsafeReplay { get; set; } = UnsafeReplay.WhenProven;
}
