namespace StaleConnGuard.Protocols.Http1;

/// <summary>Which exchange a write on one connection belongs to; the first of an exchange binds it to the connection.</summary>
/// <remarks>Threads: the writing side. The connection's user is what it and the reading side agree on.</remarks>
internal sealed class WriteAttribution(
    Http1Connection connection, Checkout checkout, Solicitation solicitation, AcknowledgementGate acknowledgement, LivenessView liveness, ResponseReader responses)
{
    /// <summary>
    /// Finds out whose write this is; the first of an exchange binds it to this connection, or is refused. True for that one: its beginning has
    /// been noted as activity.
    /// </summary>
    /// <exception cref="ConnectionEndedException">The exchange may not have this connection. Nothing was sent.</exception>
    public bool Attribute(ReadOnlySpan<byte> bytes)
    {
        Exchange? current = Exchange.Current;
        Exchange? user = connection.User.Exchange;

        if (current is not null && ReferenceEquals(current, user?.Root ?? user))
        {
            // The same send. Bytes that follow response bytes are a body going on (100-continue), or, without a body, a further request.
            if (user!.Responded && !user.HasBody)
            {
                BeginFurtherRequest(current, bytes);
            }

            return false;
        }

        if (user is { IsClosed: false } && (!user.Responded || !RequestLine.Begins(bytes)))
        {
            // The body of the exchange at work, written from some other context: that may be another request's content.
            return false;
        }

        if (current is { IsBound: false, IsClosed: false, Request: HttpRequestMessage request }
            && ReferenceEquals(current.Guard, connection.Guard)
            && RequestLine.Begins(bytes, request.Method))
        {
            responses.Expect(RequestLine.IsHead(bytes));
            Begin(current);
            return true;
        }

        BeginFurtherRequest(current, bytes);
        return false;
    }

    // (3)
    private void Begin(Exchange exchange)
    {
        long now = connection.Clock.Now;
        long idleAge = connection.Clock.IdleAgeTicksSinceArrival(now);
        bool reused = checkout.IsReused;
        object? user = connection.User.Current;
        RefusalReason refusal = RefusalReason.None;

        if (ConnectionUser.IsEnded(user))
        {
            refusal = RefusalReason.Closed;
            if (connection.RefusedAtCheckout)
            {
                connection.Guard.Contract.Break(RuntimeContractBreach.RefusedConnectionUsed);
            }
        }
        else if (reused && exchange is { MayRefuseWrite: true, HasContentBegun: false })
        {
            refusal = checkout.Judge(exchange, idleAge);
        }

        Bind(exchange, reused, idleAge, now);
        if (refusal is RefusalReason.None && !connection.User.TryGiveTo(exchange, user))
        {
            // An end-of-stream was first.
            refusal = RefusalReason.Closed;
        }

        if (refusal is not RefusalReason.None)
        {
            checkout.Refuse(refusal);
            exchange.RecordEnd(refusal is RefusalReason.Closed ? ConnectionEnd.ClosedBeforeUse : ConnectionEnd.Refused, Delivery.NotSent);
            throw ConnectionEndedException.Refused(exchange, refusal);
        }

        connection.Clock.Touch(now);
        solicitation.Plan(exchange);
        if (reused)
        {
            acknowledgement.Plan(exchange);
            connection.Guard.Events.ConnectionReused(connection.Handle, idleAge);
            liveness.SuspectAfterPause(exchange);
        }
    }

    /// <summary>
    /// A redirect or the answer to a challenge on this connection, or a request whose exchange the context lost. It is carried, and
    /// remembered only so far that an end is not taken for that of the request the handler holds.
    /// </summary>
    private void BeginFurtherRequest(Exchange? root, ReadOnlySpan<byte> bytes)
    {
        bool known = root is not null && ReferenceEquals(root.Guard, connection.Guard);
        if (known && RuntimeContract.IsRepeatOf(root!, bytes))
        {
            // Repeats are the guard's: the first may have arrived.
            connection.Guard.Contract.Break(RuntimeContractBreach.RepeatedUnanswered);
            root!.RecordEnd(ConnectionEnd.Reset, Delivery.Unknown);
            throw ConnectionEndedException.BeforeResponse(root);
        }

        root?.CloseCheckoutWindow();
        Exchange further = Exchange.ForFurtherRequest(connection.Guard, known ? root : null, RequestLine.IsIdempotent(bytes));
        long now = connection.Clock.Now;
        Bind(further, connection.Requests > 0, connection.Clock.IdleAgeTicksAt(now), now);
        solicitation.Plan(further);
        responses.Expect(RequestLine.IsHead(bytes));
        if (known && root!.Traits.SaysClose)
        {
            // The runtime says it again on each request that it makes of the message.
            connection.NoNewExchanges = true;
        }

        object? user = connection.User.Current;
        if (!ConnectionUser.IsEnded(user))
        {
            // Lost to an end-of-stream in this very moment: the read answers it to the runtime, which repeats what has no body.
            connection.User.TryGiveTo(further, user);
        }
    }

    private void Bind(Exchange exchange, bool reused, long idleAge, long now) => exchange.Bind(new Binding
    {
        Connection = connection.Handle,
        IsReused = reused,
        IdleAgeTicks = idleAge,
        ConnectionAgeTicks = connection.Clock.ConnectionAgeTicksAt(now),
        RequestsBefore = connection.Requests++,
        IdleSince = connection.Clock.LastActivity,
        BeganAt = now,
        Mark = new SendMark(connection.Transport?.BytesWritten ?? 0, connection.Transport?.AcknowledgedAtConnect),
    });
}
