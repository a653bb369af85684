namespace StaleConnGuard.Protocols.Http1;

/// <content>Which exchange may have this connection: asked when the pool looks at it, and once more before the first byte.</content>
internal sealed partial class GuardedStream
{
    /// <summary>
    /// The pool looks at an idle connection by reading from it inside the requester's context, before anything is written. A read is
    /// taken for that only while its exchange is open for it: not once the exchange has written, and not while content runs, which may
    /// well be reading another response of this very origin.
    /// </summary>
    private Exchange? AskingAtCheckout() =>
        Exchange.Current is { CheckoutWindow: true } asking
        && ReferenceEquals(asking.Guard, _guard)
        && !ReferenceEquals(asking.Connection, this)
        && !(Volatile.Read(ref _user) is Exchange user && ReferenceEquals(user.Root, asking))
            ? asking
            : null;

    /// <summary>
    /// The server's idle clock starts at its last byte. When the application read that late, only the kernel knows when it came; from then on it counts.
    /// </summary>
    private long IdleAgeSinceArrival(long now)
    {
        if (_arrivalUnknown && _transport is not null && _transport.TryProbe(out TcpSnapshot info) && info.LastDataReceived.Ticks > IdleAgeTicksAt(now))
        {
            long ago = (long)(info.LastDataReceived.TotalSeconds * _guard.Time.TimestampFrequency);
            Touch(now - ago);
        }

        _arrivalUnknown = false;
        return IdleAgeTicksAt(now);
    }

    // (2)
    private bool GrantCheckout(Exchange asking)
    {
        _waitedInPool = true;
        RefusalReason refusal = JudgeReuse(asking, IdleAgeSinceArrival(_guard.Time.GetTimestamp()));
        if (refusal is not RefusalReason.None)
        {
            Refuse(refusal);
            return false;
        }

        Volatile.Write(ref _user, s_pooled);
        asking.IsGranted = true;
        return true;
    }

    // (3)
    private void Begin(Exchange exchange)
    {
        long now = _guard.Time.GetTimestamp();
        long idleAge = IdleAgeSinceArrival(now);
        bool reused = _requests > 0 || _waitedInPool;
        object? user = Volatile.Read(ref _user);
        RefusalReason refusal = RefusalReason.None;

        if (ReferenceEquals(user, s_dead))
        {
            refusal = RefusalReason.Closed;
        }
        else if (reused && exchange is { MayRefuseWrite: true, HasContentBegun: false })
        {
            refusal = JudgeReuse(exchange, idleAge);
        }

        if (refusal is RefusalReason.None)
        {
            Bind(exchange, reused, idleAge, now);
            if (ReferenceEquals(Interlocked.CompareExchange(ref _user, exchange, user), user))
            {
                Touch(now);
                PlanSolicitation(exchange);
                if (reused)
                {
                    PlanConfirmation(exchange);
                    _guard.OnReused(Origin, idleAge);
                    SuspectAfterPause(exchange);
                }

                return;
            }

            refusal = RefusalReason.Closed;
        }
        else
        {
            Bind(exchange, reused, idleAge, now);
        }

        Refuse(refusal);
        exchange.RecordEnd(refusal is RefusalReason.Closed ? ConnectionEnd.ClosedBeforeUse : ConnectionEnd.Refused, Delivery.NotSent);
        throw ConnectionEndedException.Refused(refusal);
    }

    private void Bind(Exchange exchange, bool reused, long idleAge, long now) => exchange.Bind(new Binding
    {
        Connection = this,
        IsReused = reused,
        IdleAgeTicks = idleAge,
        ConnectionAgeTicks = _guard.Time.GetElapsedTime(_created, now).Ticks,
        RequestsBefore = _requests++,
        IdleSince = LastActivity,
        BeganAt = now,
        Mark = new SendMark(_transport?.BytesWritten ?? 0, _transport?.AcknowledgedAtConnect),
    });

    private RefusalReason JudgeReuse(Exchange asking, long idleAgeTicks)
    {
        if (NoNewExchanges || ReferenceEquals(Volatile.Read(ref _user), s_dead))
        {
            return RefusalReason.Closed;
        }

        if (Origin.Suspects.Covers(LastActivity))
        {
            return RefusalReason.Suspect;
        }

        if (asking.FreshOnly)
        {
            return RefusalReason.NotFresh;
        }

        return !asking.Settings.IsTooOld(Origin, idleAgeTicks, asking.Request) || IsSurelyOpen(asking, idleAgeTicks) ? RefusalReason.None : RefusalReason.TooOld;
    }

    /// <summary>
    /// Too old for the whole margin: may it be taken within the margin that was measured? Only for an exchange that is judged once more right before its
    /// first byte, so that whatever holds it up between here and there is found out; which leaves out a further request of the same send.
    /// </summary>
    private bool IsSurelyOpen(Exchange asking, long idleAgeTicks)
    {
        if (_transport is null || asking.IsBound || !asking.MayRefuseWrite)
        {
            return false;
        }

        long limit = asking.Settings.MeasuredLimitTicks(Origin);
        return idleAgeTicks <= limit && _transport.TryProbe(out TcpSnapshot info) && NearLimit.IsSurelyOpen(info, limit);
    }

    private void Refuse(RefusalReason reason)
    {
        _refusedForAge |= reason is RefusalReason.TooOld or RefusalReason.NotFresh;
        Volatile.Write(ref _user, s_dead);
        _guard.OnRefused(Origin, reason);
    }
}
