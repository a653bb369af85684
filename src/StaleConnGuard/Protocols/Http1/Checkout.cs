namespace StaleConnGuard.Protocols.Http1;

/// <summary>Which exchange may have a connection: asked when the pool looks at it, and once more before the first byte.</summary>
/// <remarks>Threads: the request that is being given the connection; the pool gives it to one at a time. A refusal is seen by all through the connection's user.</remarks>
internal sealed class Checkout(Http1Connection connection, ResponseReader responses, IdleObservation idle)
{
    private bool _waitedInPool;

    /// <summary>The connection is not new: whoever gets it now gets it from the pool.</summary>
    public bool IsReused => connection.Requests > 0 || _waitedInPool;

    /// <summary>The pool's scavenger waits like this on idle connections.</summary>
    public void NoteWait() => _waitedInPool |= connection.Requests == 0;

    /// <summary>
    /// The pool looks at an idle connection by reading from it inside the requester's context, before anything is written. A read is
    /// taken for that only while its exchange is open for it: not once the exchange has written, and not while content runs, which may
    /// well be reading another response of this very origin.
    /// </summary>
    public Exchange? Asking() =>
        Exchange.Current is { CheckoutWindow: true } asking
        && ReferenceEquals(asking.Guard, connection.Guard)
        && !ReferenceEquals(asking.Connection, connection.Handle)
        && !(asking.HasFurtherRequests && connection.User.Exchange is Exchange user && ReferenceEquals(user.Root, asking))
            ? asking
            : null;

    // (2)
    public bool TryGrant(Exchange asking)
    {
        // Asked of the connection first: the exchange that it carried last is in no cache of the processor any more.
        if (responses.AwaitsAnswer && connection.User.Exchange is { Responded: false, IsClosed: false })
        {
            // No look: this is the answer to a request that was written without its exchange. It must not be taken for bytes that nobody asked for.
            connection.Guard.Contract.Break(RuntimeContractBreach.ContextLost);
            return true;
        }

        _waitedInPool = true;

        // Who is judged once more right before its first byte, by the exact clock, is let through here by the cheap one.
        long now = asking is { MayRefuseWrite: true, Traits.HasStandIn: false } ? connection.Clock.RoughlyNow : connection.Clock.Now;
        RefusalReason refusal = Judge(asking, connection.Clock.IdleAgeTicksSinceArrival(now));
        if (refusal is not RefusalReason.None)
        {
            Refuse(refusal);
            connection.RefusedAtCheckout = true;
            return false;
        }

        connection.User.GiveToPool();
        asking.IsGranted = true;
        return true;
    }

    public RefusalReason Judge(Exchange asking, long idleAgeTicks)
    {
        if (connection.NoNewExchanges || connection.User.HasEnded)
        {
            return RefusalReason.Closed;
        }

        if (connection.Origin.Suspects.Covers(connection.Clock.LastActivity))
        {
            return RefusalReason.Suspect;
        }

        if (asking.FreshOnly && !HasAnsweredSinceFailureOf(asking))
        {
            return RefusalReason.NotFresh;
        }

        return !asking.Settings.IsTooOld(connection.Origin, idleAgeTicks, asking.Request) || IsSurelyOpen(asking, idleAgeTicks) ? RefusalReason.None : RefusalReason.TooOld;
    }

    public void Refuse(RefusalReason reason)
    {
        if (reason is RefusalReason.TooOld or RefusalReason.NotFresh)
        {
            idle.NoteRefusedForAge();
        }

        connection.User.End();
        connection.Guard.Events.ConnectionRefused(connection.Handle, reason);
    }

    /// <summary>
    /// The server has sent something on this connection after the one that the request failed on was found to have ended. It is no sibling as old as that one, and whatever closed that one
    /// has left it open: as good as a new connection, and there already. Not for what has but one chance: a body that can be read once, the one replay without a proof.
    /// </summary>
    private bool HasAnsweredSinceFailureOf(Exchange asking) =>
        asking is { Traits.IsOneShot: false, Request: HttpRequestMessage request }
        && RequestAttempts.Find(request) is { UnprovenReplaySpent: false, EndFoundAt: long found }
        && connection.Clock.LastArrival > found;

    /// <summary>
    /// Too old for the whole margin: may it be taken within the margin that was measured? Only for an exchange that is judged once more right before its
    /// first byte, so that whatever holds it up between here and there is found out; which leaves out a further request of the same send.
    /// </summary>
    private bool IsSurelyOpen(Exchange asking, long idleAgeTicks)
    {
        if (connection.Transport is not TransportStream transport || asking.IsBound || !asking.MayRefuseWrite)
        {
            return false;
        }

        long limit = asking.Settings.MeasuredLimitTicks(connection.Origin);
        return idleAgeTicks <= limit && transport.TryProbe(out TcpSnapshot info) && NearLimit.IsSurelyOpen(info, limit);
    }
}
