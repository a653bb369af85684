using System.Runtime.InteropServices;

namespace StaleConnGuard.Decisions;

/// <summary>Whether a request is sent again after this outcome, why, and after what wait.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RetryDecision(RetryReason Reason, TimeSpan Delay)
{
    public bool IsRetry => Reason is RetryReason.RetriedStatus or RetryReason.RetriedConnectionLost or RetryReason.RetriedNotReceived;

    public static RetryDecision Stop(RetryReason reason) => new(reason, TimeSpan.Zero);
}
