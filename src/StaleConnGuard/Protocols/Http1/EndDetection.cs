using System.Net.Sockets;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>How one connection ended under an exchange, found out by the reading and by the writing side; the first record stands.</summary>
/// <remarks>
/// Threads: the reading and the writing side, at the same time at times. They agree through the exchange's record, which is written once, and the
/// connection's user; <see cref="IsReading"/> is written by the reading side.
/// </remarks>
internal sealed class EndDetection(Http1Connection connection, IdleObservation idle)
{
    // How long a failed write waits for the reading side, which knows whether a FIN came first.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    private volatile bool _reading;

    /// <summary>A read is waiting: it will find the end.</summary>
    public bool IsReading
    {
        get => _reading;
        set => _reading = value;
    }

    /// <summary>
    /// A read has found end-of-stream. Returns what the runtime is to be told instead, to be thrown by the method that the runtime waits for: each one
    /// that an exception passes on its way costs tens of microseconds, while a request waits to be sent again. Null when end-of-stream is what it is.
    /// </summary>
    public async ValueTask<ConnectionEndedException?> EndOfStreamAsync(bool blocking)
    {
        while (true)
        {
            object? user = connection.User.Current;
            if (user is Exchange { Responded: false, IsClosed: false } waiting && !connection.IsDisposed)
            {
                return await EndBeforeResponseAsync(waiting, blocking).ConfigureAwait(false);
            }

            if (!connection.User.TryEnd(user))
            {
                continue;
            }

            if (connection.Requests > 0 && idle.IsInPool(user))
            {
                idle.ReportClose();
            }

            return null;
        }
    }

    /// <summary>A read has failed. Throws the evidence in its place, if there is any about the exchange that it failed under.</summary>
    /// <exception cref="ConnectionEndedException">How the exchange ended.</exception>
    public void OnReadFailure(Exception e)
    {
        object? user = connection.User.Current;
        NoteReadFailure(e, user);
        ThrowEvidence(e, user as Exchange);
    }

    /// <summary>
    /// A write has failed: was it a FIN that came first, or a reset? The reading side finds out if it is at work, or we look ourselves. Returns what is
    /// to be thrown in its place: the evidence, if there is any about the exchange that it failed under.
    /// </summary>
    public async ValueTask<ConnectionEndedException?> OnWriteFailureAsync(Exception e, bool blocking)
    {
        Exchange? exchange = connection.User.Exchange;
        if (exchange is { IsClosed: false } && !connection.IsDisposed && e is not OperationCanceledException)
        {
            await NoteWriteFailureAsync(exchange, e, blocking).ConfigureAwait(false);
        }

        return EvidenceFor(e, exchange);
    }

    /// <summary>Reads the bare transport under an exchange whose connection is lost.</summary>
    public async ValueTask LookForTheEndAsync(Exchange exchange, bool blocking)
    {
        int? count = await ReadBeneathAsync(blocking).ConfigureAwait(false);
        if (count > 0 && connection.Origin.Key.Scheme == Uri.UriSchemeHttp)
        {
            // Bytes of an answer that nobody has read yet. Beneath TLS they may be an alert as well, so they tell nothing there.
            _ = exchange.TryMarkResponded();
        }

        if (count == 0)
        {
            (ConnectionEnd end, Delivery delivery) = await ProveAsync(exchange, blocking).ConfigureAwait(false);
            exchange.RecordEnd(end, delivery);
        }
    }

    // (4)
    private async ValueTask<ConnectionEndedException?> EndBeforeResponseAsync(Exchange exchange, bool blocking)
    {
        if (exchange.IsSilent)
        {
            connection.User.End();
            return ConnectionEndedException.Silent(exchange);
        }

        (ConnectionEnd end, Delivery delivery) = await ProveAsync(exchange, blocking).ConfigureAwait(false);
        if (exchange.Root is null)
        {
            // The record first: a write that fails meanwhile looks for it as long as the exchange is this connection's user.
            exchange.RecordEnd(end, delivery);
            connection.User.End();
            return ConnectionEndedException.BeforeResponse(exchange);
        }

        // A redirected request or the answer to a challenge: what the handler would send again is another request. Without a body the runtime
        // repeats this one itself when it reads end-of-stream. It is let do so where that is safe.
        if (delivery is Delivery.ProvenUndelivered || exchange.IsIdempotentOnTheWire)
        {
            connection.User.End();
            return null;
        }

        exchange.RecordEnd(end, Delivery.ResponseStarted);
        connection.User.End();
        return ConnectionEndedException.BeforeResponse(exchange);
    }

    private ValueTask<(ConnectionEnd End, Delivery Delivery)> ProveAsync(Exchange exchange, bool blocking) =>
        DeliveryProof.AfterEndOfStreamAsync(connection.Transport, exchange.Binding!.Mark, connection.Guard.Time, blocking);

    private void NoteReadFailure(Exception e, object? user)
    {
        if (connection.IsDisposed || e is OperationCanceledException)
        {
            return;
        }

        if (user is Exchange { Responded: false, IsClosed: false } exchange)
        {
            RecordFailure(exchange, e);
            return;
        }

        if ((user is null || idle.IsInPool(user)) && IsSilence(e))
        {
            // The kernel's probes were not answered. That is no keep-alive timeout, but may well have happened to others.
            connection.Origin.Suspects.FoundDead(connection.Clock.LastActivity);
            return;
        }

        if (connection.Requests > 0 && idle.IsInPool(user) && connection.User.TryEnd(user))
        {
            idle.ReportFailure();
        }
    }

    private async ValueTask NoteWriteFailureAsync(Exchange exchange, Exception e, bool blocking)
    {
        TimeProvider time = connection.Guard.Time;
        long started = time.GetTimestamp();
        bool readingSideKnows = _reading;
        while (readingSideKnows && !HasBeenTold(exchange) && LateEnd.MayCome(connection.Transport, time.GetElapsedTime(started), s_patience))
        {
            await Pause.ForAsync(s_step, time, blocking).ConfigureAwait(false);
        }

        if (!readingSideKnows && !exchange.HasEnded && !exchange.Responded && exchange.Root is null)
        {
            await LookForTheEndAsync(exchange, blocking).ConfigureAwait(false);
        }

        if (exchange.Responded)
        {
            // An early answer and a reset behind it: no stale hit, and nothing to decide.
            return;
        }

        RecordFailure(exchange, e);
    }

    /// <summary>The reading side has said what it knows, or will say nothing more.</summary>
    private bool HasBeenTold(Exchange exchange) => exchange.HasEnded || exchange.Responded || connection.User.HasEnded || connection.IsDisposed;

    private static void ThrowEvidence(Exception e, Exchange? exchange)
    {
        if (EvidenceFor(e, exchange) is ConnectionEndedException evidence)
        {
            throw evidence;
        }
    }

    private static ConnectionEndedException? EvidenceFor(Exception e, Exchange? exchange)
    {
        // What the runtime makes of a connection that the watch has ended is not what happened.
        if (exchange is { IsSilent: true })
        {
            return ConnectionEndedException.Silent(exchange);
        }

        // A cancellation stays one. So does what a stream of the application throws that is no failure of a connection.
        return exchange is { HasEnded: true, IsClosed: false } && e is IOException ? ConnectionEndedException.Failed(exchange, e) : null;
    }

    /// <summary>The connection failed under an exchange that has got no answer.</summary>
    private void RecordFailure(Exchange exchange, Exception e)
    {
        bool silence = IsSilence(e);
        if (silence)
        {
            connection.Origin.Suspects.FoundDead(exchange.Binding!.BeganAt);
        }

        exchange.RecordEnd(silence ? ConnectionEnd.Silence : ConnectionEnd.Reset, exchange.Root is null ? Delivery.Unknown : Delivery.ResponseStarted);
    }

    /// <summary>What a read of the bare transport answers, null when it fails or waits: the connection is lost, so nobody misses what it takes.</summary>
    private async ValueTask<int?> ReadBeneathAsync(bool blocking) =>
        connection.Transport is TransportStream transport ? await transport.ReadForTheEndAsync(s_patience, blocking).ConfigureAwait(false) : null;

    /// <summary>The kernel gave up: what it sent again and again, or its probes, were not acknowledged.</summary>
    private static bool IsSilence(Exception e) =>
        e.GetBaseException() is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable };
}
