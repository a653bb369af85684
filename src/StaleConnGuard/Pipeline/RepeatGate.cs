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
    public static UnansweredSend? For(GuardSettings settings, HttpRequestMessage request, object? chain)
    {
        if (RepeatSafety.IsIdempotent(request.Method) || !settings.RefusesRepeatsFromAbove)
        {
            return null;
        }

        UnansweredSend? send = UnansweredSend.Find(request);
        if (send is null)
        {
            // A message that a layer above made by hand.
            send = OutermostRequest.SendOf(chain, request);
            send?.AttachTo(request);
        }

        return send is null || RepeatSafety.IsSafeToRepeat(request) ? null : send;
    }

    /// <summary>
    /// Waits while another copy of the request is under way. The ticket to send with; null when this one must not be sent, because another was
    /// answered meanwhile or may have been executed.
    /// </summary>
    public static async ValueTask<int?> EnterAsync(UnansweredSend send, TimeProvider time, CancellationToken cancellationToken)
    {
        int answers = send.Answers;
        int ticket;
        while (!send.TryBegin(out ticket))
        {
            if (send.MayHaveArrived)
            {
                return null;
            }

            await send.WhenEndedAsync(cancellationToken).ConfigureAwait(false);
            if (send.Answers != answers)
            {
                await Task.Delay(s_timeToCancel, time, cancellationToken).ConfigureAwait(false);
                return null;
            }
        }

        return ticket;
    }

    /// <summary>Notes a request whose last attempt got no answer and may have arrived.</summary>
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
        }
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
                Delivery.ProvenUndelivered => exchange.Settings.NonIdempotentReplay is NonIdempotentReplay.Never,
                _ => true,
            };
        }

        if (exchange.IsBound)
        {
            return true;
        }

        // On HTTP/1.1 an exchange is bound by its first write. On other versions only the kind of the failure tells, and that may be another
        // request's, brought along by content of the application.
        return !Attempt.WillBeHttp11(request) && (exchange.HasContentBegun || !FailureClassifier.IsNotSent(failure));
    }
}
