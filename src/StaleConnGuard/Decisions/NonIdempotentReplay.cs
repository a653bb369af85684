namespace StaleConnGuard;

/// <summary>When a request that is not safe to repeat may be replayed after a stale hit.</summary>
public enum NonIdempotentReplay
{
    /// <summary>Only when it is certain that the server did not receive it: nothing was sent, or the kernel proves it. The default.</summary>
    WhenProven,

    /// <summary>
    /// After every stale hit, proof or not. For callers who know that their server tolerates a request executed twice;
    /// a request may then be executed twice.
    /// </summary>
    Always,

    /// <summary>Only when nothing was sent at all. For callers who trust no proof.</summary>
    Never,
}
