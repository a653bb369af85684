namespace StaleConnGuard.Pipeline;

/// <summary>
/// Whether a request that a layer above sends once more may go out. The guard's own replays are decided by <see cref="ReplayRule"/> and do
/// not come here.
/// </summary>
internal static class RepeatGate
{
    // A layer that has its answer cancels the copies it no longer needs; it is given the time to do so.
    private static readonly TimeSpan s_timeToCancel = TimeSpan.FromSeconds(1);

    /// <summary>The request's record, when it has one and must keep to it; null for nearly every request.</summary>
    public static UnansweredSend? For(GuardSettings settings, HttpRequestMessage request) =>
        !RepeatSafety.IsIdempotent(request.Method)
        && UnansweredSend.Find(request) is UnansweredSend send
        && settings.RefusesRepeatsFromAbove
        && !RepeatSafety.IsSafeToRepeat(request)
            ? send
            : null;

    /// <summary>
    /// Waits while another copy of the request is under way. True when this one may be sent now; false when it must not, because another was
    /// answered meanwhile or may have been executed.
    /// </summary>
    public static async ValueTask<bool> WaitAsync(UnansweredSend send, TimeProvider time, CancellationToken cancellationToken)
    {
        int answers = send.Answers;
        while (!send.TryBegin())
        {
            if (send.MayHaveArrived)
            {
                return false;
            }

            await send.WhenEndedAsync(cancellationToken).ConfigureAwait(false);
            if (send.Answers != answers)
            {
                await Task.Delay(s_timeToCancel, time, cancellationToken).ConfigureAwait(false);
                return false;
            }
        }

        return true;
    }

    /// <summary>Notes how the last attempt at a request ended that got no answer.</summary>
    public static void Note(Attempt attempt, Exception failure)
    {
        Exchange exchange = attempt.Exchange;
        HttpRequestMessage request = attempt.Request;
        UnansweredSend? send = UnansweredSend.Find(request);
        if (send is null && (!exchange.Settings.RefusesRepeatsFromAbove || RepeatSafety.IsSafeToRepeat(request)))
        {
            return;
        }

        if (MayHaveArrived(exchange, request, failure))
        {
            (send ?? UnansweredSend.GetOrAttach(request)).EndLost(failure);
            return;
        }

        send?.EndUnsent();
    }

    private static bool MayHaveArrived(Exchange exchange, HttpRequestMessage request, Exception failure)
    {
        // Of a send that was several requests on the wire, the evidence is about the last: an earlier one was answered.
        if (exchange.Responded)
        {
            return true;
        }

        if (exchange.HasEnded)
        {
            return exchange.Delivery switch
            {
                Delivery.NotSent => false,
                Delivery.ProvenUndelivered => exchange.Settings.UnsafeReplay is UnsafeReplay.Never,
                _ => true,
            };
        }

        if (exchange.IsBound)
        {
            return true;
        }

        // On HTTP/1.1 an exchange is bound by its first write. On other versions only the kind of the failure tells.
        return !Attempt.WillBeHttp11(request) && !FailureClassifier.IsNotSent(failure);
    }
}
