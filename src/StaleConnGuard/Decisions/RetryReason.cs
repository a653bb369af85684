namespace StaleConnGuard.Decisions;

/// <summary>Why a request was sent again, or why it was not. One value for each row of the rules; stable names, used in logs and metrics.</summary>
internal enum RetryReason
{
    // Sent again.

    /// <summary>Answered with a status code that is retried.</summary>
    RetriedStatus,

    /// <summary>The connection ended before an answer, and the request is safe to repeat.</summary>
    RetriedConnectionLost,

    /// <summary>Connecting, name resolution, TLS or the proxy's tunnel failed, or the kernel proves that nothing arrived: the server never saw the request.</summary>
    RetriedNotReceived,

    // Not sent again.

    /// <summary>Neither a status code that is retried nor a failed connection.</summary>
    StoppedNothingToRetry,

    /// <summary>The caller, or the caller's time limit, cancelled.</summary>
    StoppedCancelled,

    /// <summary>Which request this is about is not known, so nothing can be said of its safety.</summary>
    StoppedRequestUnknown,

    /// <summary>A response had begun to arrive.</summary>
    StoppedResponseStarted,

    /// <summary>The server may have executed it, and it is not safe to repeat.</summary>
    StoppedNotSafeToRepeat,

    /// <summary>Its content can be read only once, or nothing is known of it.</summary>
    StoppedBodyOneShot,

    /// <summary>All retries it may have are spent.</summary>
    StoppedRetriesSpent,

    /// <summary>The server asks for a longer wait than is accepted.</summary>
    StoppedRetryAfterTooLong,

    /// <summary>The caller would be gone before the wait ends.</summary>
    StoppedDeadline,

    /// <summary>The retry budget of the origin is empty.</summary>
    StoppedBudgetEmpty,
}
