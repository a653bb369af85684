using System.Runtime.CompilerServices;

namespace StaleConnGuard;

/// <content>The reading side: checkout, response bytes, the end.</content>
internal sealed partial class GuardedStream
{
    private bool _refusedForAge;
    private bool _closeReported;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_detached)
        {
            return _inner.ReadAsync(buffer, cancellationToken);
        }

        if (buffer.IsEmpty)
        {
            // The pool's scavenger waits like this on idle connections, the application may wait like this for a body: it only waits.
            _waitedInPool |= _requests == 0;
            return _inner.ReadAsync(buffer, cancellationToken);
        }

        if (AskingAtCheckout() is Exchange asking && !GrantCheckout(asking))
        {
            return new ValueTask<int>(0);
        }

        ValueTask<int> read;
        try
        {
            read = _inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            NoteReadFailure(e);
            throw;
        }

        if (!read.IsCompletedSuccessfully)
        {
            return WaitForReadAsync(read, buffer);
        }

        int count = read.GetAwaiter().GetResult();
        if (count == 0)
        {
            return EndOfStreamAsync();
        }

        NoteBytes(buffer.Span[..count]);
        return new ValueTask<int>(count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        if (_detached || buffer.IsEmpty)
        {
            return _inner.Read(buffer);
        }

        if (AskingAtCheckout() is Exchange asking && !GrantCheckout(asking))
        {
            return 0;
        }

        int count;
        try
        {
            count = _inner.Read(buffer);
        }
        catch (Exception e)
        {
            NoteReadFailure(e);
            throw;
        }

        if (count == 0)
        {
            // Only a connection that has ended comes here: blocking for the evidence costs no healthy request anything.
            return EndOfStreamAsync().AsTask().GetAwaiter().GetResult();
        }

        NoteBytes(buffer[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>
    /// The pool looks at an idle connection by reading from it inside the requester's context, before anything is written. A read is
    /// taken for that only while its exchange is open for it: not once the exchange has written, and not while content runs, which may
    /// well be reading another response of this very origin.
    /// </summary>
    private Exchange? AskingAtCheckout() =>
        Exchange.Current is { CheckoutWindow: true } asking
        && ReferenceEquals(asking.Guard, _guard)
        && !ReferenceEquals(asking.Stream, this)
        && !(Volatile.Read(ref _user) is Exchange user && ReferenceEquals(user.Root, asking))
            ? asking
            : null;

    private bool GrantCheckout(Exchange asking)
    {
        _waitedInPool = true;
        RefusalReason refusal = JudgeReuse(asking, IdleAgeTicks);
        if (refusal is not RefusalReason.None)
        {
            Refuse(refusal);
            return false;
        }

        Volatile.Write(ref _user, s_pooled);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitForReadAsync(ValueTask<int> read, Memory<byte> buffer)
    {
        _reading = true;
        int count;
        try
        {
            count = await read.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            NoteReadFailure(e);
            throw;
        }
        finally
        {
            _reading = false;
        }

        if (count == 0)
        {
            return await EndOfStreamAsync().ConfigureAwait(false);
        }

        NoteBytes(buffer.Span[..count]);
        return count;
    }

    private void NoteBytes(ReadOnlySpan<byte> bytes)
    {
        Touch();
        object? user = Volatile.Read(ref _user);
        if (user is not Exchange exchange)
        {
            // Nobody asked for these bytes: never let them be taken for the answer to the next request (RFC 9112 9.2).
            if (!ReferenceEquals(Interlocked.CompareExchange(ref _user, s_dead, s_pooled), s_pooled) && Volatile.Read(ref _user) is Exchange bound)
            {
                NoteResponseBytes(bound, bytes);
            }

            return;
        }

        NoteResponseBytes(exchange, bytes);
    }

    private void NoteResponseBytes(Exchange exchange, ReadOnlySpan<byte> bytes)
    {
        if (!exchange.Responded)
        {
            exchange.MarkResponded();
            _watch?.FirstByte();
            _status.Reset();

            // A redirect or a challenge may follow, and with it another look into the pool.
            (exchange.Root ?? exchange).ReopenCheckoutWindow();
        }
        else if (_status.IsDecided)
        {
            return;
        }

        StatusWatch.Verdict verdict = _status.Feed(bytes);
        if (verdict is StatusWatch.Verdict.SwitchingProtocols || exchange.TurnsIntoTunnel(verdict))
        {
            _detached = true;
        }
    }

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

            return 0;
        }
    }

    private async ValueTask<int> EndBeforeResponseAsync(Exchange exchange)
    {
        (ConnectionEnd end, Delivery delivery) = await DeliveryProof.AfterEndOfStreamAsync(_transport, exchange.BytesWrittenBefore, _guard.Time).ConfigureAwait(false);
        Volatile.Write(ref _user, s_dead);

        if (exchange.Root is null)
        {
            exchange.RecordEnd(end, delivery);
            throw ConnectionEndedException.BeforeResponse();
        }

        // A redirected request or the answer to a challenge: what the handler would send again is another request. Without a body the runtime
        // repeats this one itself when it reads end-of-stream. It is let do so where that is safe.
        if (delivery is Delivery.ProvenUndelivered || exchange.IsIdempotentOnTheWire)
        {
            return 0;
        }

        exchange.RecordEnd(end, Delivery.ResponseStarted);
        throw ConnectionEndedException.BeforeResponse();
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
            exchange.RecordEnd(ConnectionEnd.Reset, exchange.Root is null ? Delivery.Unknown : Delivery.ResponseStarted);
            return;
        }

        if (IsIdle(user) && _requests > 0 && ReferenceEquals(Interlocked.CompareExchange(ref _user, s_dead, user), user))
        {
            _guard.OnObserved(Origin, Origin.IdleClosed(TimeSpan.FromTicks(IdleAgeTicks), exact: false));
            _closeReported = true;
        }
    }

    /// <summary>In the pool, as far as can be told from here: a response that ends with its connection does not count.</summary>
    private static bool IsIdle(object? user) =>
        ReferenceEquals(user, s_pooled) || user is null || user is Exchange { IsClosed: true, Responded: true, EndsWithConnection: false };

    private void ReportIdleClose()
    {
        _closeReported = true;
        var idleAge = TimeSpan.FromTicks(IdleAgeTicks);
        if (_transport is not null && TcpInfo.TryRead(_transport.Socket, out TcpInfo info) && info.State == TcpInfo.CloseWait && info.LastAckReceived <= idleAge)
        {
            // The last segment that came is the FIN, and the kernel knows when: however late we look, the age is exact.
            _guard.OnObserved(Origin, Origin.IdleClosed(idleAge - info.LastAckReceived, exact: true, sinceClosed: info.LastAckReceived));
            return;
        }

        _guard.OnObserved(Origin, Origin.IdleClosed(idleAge, exact: false));
    }
}
