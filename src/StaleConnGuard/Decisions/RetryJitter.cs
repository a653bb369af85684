namespace StaleConnGuard;

/// <summary>How chance is mixed into the wait before a retry, so that clients that failed together do not come back together.</summary>
public enum RetryJitter
{
    /// <summary>Anything between nothing and the exponential ceiling <c>min(MaxDelay, BaseDelay × 2ⁿ)</c>, n being the retries before this one. The default.</summary>
    Full,

    /// <summary>Anything between <c>BaseDelay</c> and three times the wait before, at most <c>MaxDelay</c>.</summary>
    Decorrelated,
}
