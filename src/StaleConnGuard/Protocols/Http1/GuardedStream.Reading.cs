using System.Runtime.CompilerServices;

namespace StaleConnGuard.Protocols.Http1;

/// <content>The reading side: response bytes, and whose they are.</content>
internal sealed partial class GuardedStream
{
    // A read that finds bytes waiting after a pause does not know when they came.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    private bool _refusedForAge;
    private bool _closeReported;
    private bool _waitedEmpty;
    private bool _arrivalUnknown;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_detached)
        {
            return _inner.ReadAsync(buffer, cancellationToken);
        }

        if (buffer.IsEmpty)
        {
            // The pool's scavenger waits like this on idle connections, the application may wait like this for a body: it only waits. But a
            // reset may show here first, under a request that the pool gave this connection to without another look.
            _waitedInPool |= _requests == 0;
            _waitedEmpty = true;
            return WaitForReadAsync(_inner.ReadAsync(buffer, cancellationToken), buffer);
        }

        Exchange? asking = AskingAtCheckout();
        if (asking is not null && !GrantCheckout(asking))
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
            ThrowIfSilent();
            throw;
        }

        if (!read.IsCompletedSuccessfully)
        {
            return WaitForReadAsync(read, buffer);
        }

        // Whatever a look finds at once, the pool goes on to another connection.
        asking?.IsGranted = false;
        int count = read.GetAwaiter().GetResult();
        if (count == 0)
        {
            return TellEndAsync();
        }

        long now = _guard.Time.GetTimestamp();
        NotePause(now);
        return new ValueTask<int>(Accept(buffer.Span[..count], now) ? count : 0);
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
            // It may wait, but cannot tell; asking the kernel once more when the connection is taken again costs little.
            NotePause(_guard.Time.GetTimestamp());
            count = _inner.Read(buffer);
        }
        catch (Exception e)
        {
            NoteReadFailure(e);
            ThrowIfSilent();
            throw;
        }

        if (count == 0)
        {
            // Only a connection that has ended comes here: blocking for the evidence costs no healthy request anything.
            return Tell(EndOfStreamAsync().AsTask().GetAwaiter().GetResult());
        }

        return Accept(buffer[..count], _guard.Time.GetTimestamp()) ? count : 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

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
            ThrowIfSilent();
            throw;
        }
        finally
        {
            _reading = false;
        }

        if (buffer.IsEmpty)
        {
            return count;
        }

        if (count == 0)
        {
            return Tell(await EndOfStreamAsync().ConfigureAwait(false));
        }

        _arrivalUnknown = false;
        return Accept(buffer.Span[..count], _guard.Time.GetTimestamp()) ? count : 0;
    }

    private async ValueTask<int> TellEndAsync() => Tell(await EndOfStreamAsync().ConfigureAwait(false));

    private void NotePause(long now) => _arrivalUnknown |= IdleAgeTicksAt(now) > s_pause.Ticks;

    /// <summary>
    /// Takes note of bytes that came. False when nobody asked for them (RFC 9112 9.2): they are dropped here, and the runtime is told
    /// end-of-stream, so that they are never taken for the answer to the next request, whatever it is and however it got this connection.
    /// </summary>
    private bool Accept(ReadOnlySpan<byte> bytes, long now)
    {
        Touch(now);
        _waitedEmpty = false;
        while (true)
        {
            object? user = Volatile.Read(ref _user);
            if (user is Exchange exchange)
            {
                NoteResponseBytes(exchange, bytes);
                return true;
            }

            if (ReferenceEquals(Interlocked.CompareExchange(ref _user, s_dead, user), user))
            {
                return false;
            }
        }
    }

    private void NoteResponseBytes(Exchange exchange, ReadOnlySpan<byte> bytes)
    {
        if (!exchange.Responded)
        {
            if (!exchange.TryMarkResponded())
            {
                // The watch has given this connection up in this very moment, and the request may be on its way again.
                throw ConnectionEndedException.Silent();
            }

            Origin.Suspects.FoundAlive(exchange.Binding!.IdleSince);
            exchange.Watch?.FirstByte();
            _status.Reset();

            // A redirect or a challenge may follow, and with it another look into the pool.
            (exchange.Root ?? exchange).ReopenCheckoutWindow();
        }
        else if (_status.IsDecided)
        {
            return;
        }

        if (_status.Feed(bytes) is int status && exchange.TurnsIntoTunnel(status))
        {
            _detached = true;
        }
    }
}
