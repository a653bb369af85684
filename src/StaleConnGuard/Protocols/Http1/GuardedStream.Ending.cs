namespace StaleConnGuard.Protocols.Http1;

/// <content>How a connection ended under an exchange, found out by the reading and by the writing side; and how it ended in the pool.</content>
internal sealed partial class GuardedStream
{
    // How long a failed write waits for the reading side, which knows whether a FIN came first.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    // What the runtime is to be told of an end-of-stream is a number up to the method that the runtime waits for, and is thrown there: each one that
    // an exception passes on its way costs tens of microseconds, while a request waits to be sent again. An int as what is read, so that a pending
    // read needs no room for it.
    private const int TellTheEnd = 0;
    private const int TellLostRequest = -1;
    private const int TellSilence = -2;

    private static int Tell(int told) => told switch
    {
        TellLostRequest => throw ConnectionEndedException.BeforeResponse(),
        TellSilence => throw ConnectionEndedException.Silent(),
        _ => TellTheEnd,
    };

    private async ValueTask<int> EndOfStreamAsync()
    {
        while (true)
        {
            object? user = Volatile.Read(ref _user);
            if (user is Exchange { Responded: false, IsClosed: false } waiting && !_disposed)
            {
                return await EndBeforeResponseAsync(waiting).ConfigureAwait(false);
            }

            if (!ReferenceEquals(Interlocked.CompareExchange(ref _user, s_dead, user), user))
            {
                continue;
            }

            if (IsIdle(user) && _requests > 0)
            {
                ReportIdleClose();
            }

            return TellTheEnd;
        }
    }

    // (4)
    private async ValueTask<int> EndBeforeResponseAsync(Exchange exchange)
    {
        if (exchange.IsSilent)
        {
            Volatile.Write(ref _user, s_dead);
            return TellSilence;
        }

        (ConnectionEnd end, Delivery delivery) = await DeliveryProof.AfterEndOfStreamAsync(_transport, exchange.Binding!.Mark, _guard.Time).ConfigureAwait(false);
        if (exchange.Root is null)
        {
            // The record first: a write that fails meanwhile looks for it as long as the exchange is this connection's user.
            exchange.RecordEnd(end, delivery);
            Volatile.Write(ref _user, s_dead);
            return TellLostRequest;
        }

        // A redirected request or the answer to a challenge: what the handler would send again is another request. Without a body the runtime
        // repeats this one itself when it reads end-of-stream. It is let do so where that is safe.
        if (delivery is Delivery.ProvenUndelivered || exchange.IsIdempotentOnTheWire)
        {
            Volatile.Write(ref _user, s_dead);
            return TellTheEnd;
        }

        exchange.RecordEnd(end, Delivery.ResponseStarted);
        Volatile.Write(ref _user, s_dead);
        return TellLostRequest;
    }

    private void NoteReadFailure(Exception e)
    {
        if (_disposed || e is OperationCanceledException)
        {
            return;
        }

        object? user = Volatile.Read(ref _user);
        if (user is Exchange { Responded: false, IsClosed: false } exchange)
        {
            RecordFailure(exchange, e);
            return;
        }

        if (IsIdle(user) && IsSilence(e))
        {
            // The kernel's probes were not answered. That is no keep-alive timeout, but may well have happened to others.
            Origin.Suspects.FoundDead(LastActivity);
            return;
        }

        if (IsIdle(user) && _requests > 0 && ReferenceEquals(Interlocked.CompareExchange(ref _user, s_dead, user), user))
        {
            _guard.OnObserved(Origin, Origin.IdleClosed(TimeSpan.FromTicks(IdleAgeTicks), exact: false));
            _closeReported = true;
        }
    }

    /// <summary>
    /// In the pool, as far as can be told from here: a response that ends with its connection does not count, nor one that was being read,
    /// which the pool's way of waiting tells apart.
    /// </summary>
    private bool IsIdle(object? user) =>
        ReferenceEquals(user, s_pooled) || user is null || (_waitedEmpty && user is Exchange { IsClosed: true, Responded: true, EndsWithConnection: false });

    private void ReportIdleClose()
    {
        _closeReported = true;
        var idleAge = TimeSpan.FromTicks(IdleAgeTicks);
        if (_transport is not null && _transport.TryProbe(out TcpSnapshot info) && info.State == TcpSnapshot.CloseWait && info.LastAckReceived <= idleAge)
        {
            // The last segment that came is the FIN, and the kernel knows when: however late we look, the age is exact. It also knows when the last byte came, which a thread that was
            // held up took note of late; unless a goodbye beneath TLS came with the FIN.
            TimeSpan since = info.LastDataReceived > idleAge ? info.LastDataReceived : idleAge;
            _guard.OnObserved(Origin, Origin.IdleClosed(since - info.LastAckReceived, exact: true, sinceClosed: info.LastAckReceived, roundTrip: info.LongRoundTrip));
            return;
        }

        _guard.OnObserved(Origin, Origin.IdleClosed(idleAge, exact: false));
    }

    /// <summary>
    /// A write failed: was it a FIN that came first, or a reset? The reading side finds out if it is at work, or we look ourselves.
    /// </summary>
    private async ValueTask NoteWriteFailureAsync(Exception e)
    {
        if (_disposed || e is OperationCanceledException || Volatile.Read(ref _user) is not Exchange { IsClosed: false } exchange)
        {
            return;
        }

        long started = _guard.Time.GetTimestamp();
        bool readingSideKnows = _reading;
        while (readingSideKnows && !exchange.HasEnded && !exchange.Responded && !_disposed && _guard.Time.GetElapsedTime(started) < s_patience)
        {
            await Task.Delay(s_step, _guard.Time).ConfigureAwait(false);
        }

        if (!readingSideKnows && !exchange.HasEnded && !exchange.Responded && exchange.Root is null)
        {
            await LookForTheEndAsync(exchange).ConfigureAwait(false);
        }

        if (exchange.Responded)
        {
            // An early answer and a reset behind it: no stale hit, and nothing to decide.
            return;
        }

        RecordFailure(exchange, e);
    }

    private async ValueTask LookForTheEndAsync(Exchange exchange)
    {
        int? count = await ReadBeneathAsync().ConfigureAwait(false);
        if (count > 0 && Origin.Key.Scheme == Uri.UriSchemeHttp)
        {
            // Bytes of an answer that nobody has read yet. Beneath TLS they may be an alert as well, so they tell nothing there.
            _ = exchange.TryMarkResponded();
        }

        if (count == 0)
        {
            (ConnectionEnd end, Delivery delivery) = await DeliveryProof.AfterEndOfStreamAsync(_transport, exchange.Binding!.Mark, _guard.Time).ConfigureAwait(false);
            exchange.RecordEnd(end, delivery);
        }
    }

    /// <summary>What a read of the bare transport answers, null when it fails or waits: the connection is lost, so nobody misses what it takes.</summary>
    private async ValueTask<int?> ReadBeneathAsync()
    {
        if (_transport is null)
        {
            return null;
        }

        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            return await _transport.ReadAsync(new byte[1], patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return null;
        }
    }
}
