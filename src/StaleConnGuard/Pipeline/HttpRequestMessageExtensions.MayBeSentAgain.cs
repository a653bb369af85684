using StaleConnGuard.Pipeline;

namespace StaleConnGuard;

/// <content>What a layer above the guard can ask before it repeats a request.</content>
public static partial class HttpRequestMessageExtensions
{
    /// <summary>
    /// Whether a failed or answered request may be sent again without the risk of executing it twice: it is safe to repeat (RFC 9110 9.2.2, a
    /// mark, a key), or it provably did not arrive. For retry layers of one's own above the guard.
    /// </summary>
    /// <param name="request">The request, after its last attempt has ended.</param>
    /// <param name="failure">What the attempt threw; null when it was answered.</param>
    /// <returns>False also when the content can be read only once and may have been.</returns>
    /// <remarks>
    /// Whether a repeat is of use (status codes, number of attempts, waiting) is the caller's to decide. A time limit of the caller's own that
    /// cancelled the attempt tells nothing by itself; what the guard below saw counts.
    /// </remarks>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public static bool MayBeSentAgain(this HttpRequestMessage request, Exception? failure)
    {
        ArgumentNullException.ThrowIfNull(request);
        FailureKind kind = FailureClassifier.Classify(failure, RequestAttempts.Find(request), CancellationToken.None);
        UnansweredSend? send = UnansweredSend.Find(request);
        if (RepeatSafety.IsSafeToRepeat(request))
        {
            return kind is FailureKind.NotSent || BodyRepeatabilityClassifier.Classify(request.Content).CanBeSentAgain();
        }

        // An earlier copy counts as much as the last.
        if (failure is null || send is { MayHaveArrived: true })
        {
            return false;
        }

        return kind is FailureKind.NotSent
            || ((kind is FailureKind.ProvenUndelivered || send is { HasEndedUnsent: true })
                && BodyRepeatabilityClassifier.Classify(request.Content).CanBeSentAgain());
    }

    /// <summary>
    /// Whether another copy of a request may be sent while the first is under way (hedging): only if it is safe to repeat.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <returns>False also when the content can be read only once.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public static bool MayBeHedged(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RepeatSafety.IsSafeToRepeat(request) && BodyRepeatabilityClassifier.Classify(request.Content).CanBeSentAgain();
    }
}
