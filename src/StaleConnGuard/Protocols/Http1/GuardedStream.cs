using System.Runtime.CompilerServices;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// The HTTP end of one HTTP/1.1 connection, above TLS: a thin shell that the runtime reads and writes. What is to be known and decided is in its
/// collaborators, each with its own state: who may have the connection (<see cref="Checkout"/>), whose a write is (<see cref="WriteAttribution"/>), whose
/// bytes come (<see cref="ResponseReader"/>), how it ended (<see cref="EndDetection"/>), what it teaches while it is idle
/// (<see cref="IdleObservation"/>), how long it may be (<see cref="IdleExpiry"/>), whether headers were taken before a body is touched (<see cref="AcknowledgementGate"/>), what the watch for silent
/// peers sees of it (<see cref="LivenessView"/>).
/// </summary>
/// <remarks>
/// Owned by the runtime's connection, which disposes it. Threads: one writer and one reader at a time, on different threads at times. No lock is taken.
/// </remarks>
internal sealed class GuardedStream : SequentialStream, IGuardedConnection
{
    private static long s_lastId;

    // Beside the connection, because only who listens asks for it.
    private static readonly ConditionalWeakTable<GuardedStream, object> s_ids = [];

    private readonly Stream _inner;
    private readonly Http1Connection _connection;
    private readonly ResponseReader _responses;
    private readonly IdleObservation _idle;
    private readonly IdleExpiry _expiry;
    private readonly Checkout _checkout;
    private readonly EndDetection _ends;
    private readonly AcknowledgementGate _acknowledgement;
    private readonly PendingRead _pending;
    private readonly Solicitation _solicitation = new();
    private readonly WriteAttribution _writes;

    public GuardedStream(Stream inner, TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin)
    {
        _inner = inner;
        _connection = new Http1Connection(this, transport, guard, origin);
        _responses = new ResponseReader(_connection);
        _idle = new IdleObservation(_connection, _responses);
        _expiry = new IdleExpiry(_connection, _idle);
        _checkout = new Checkout(_connection, _responses, _idle);
        _ends = new EndDetection(_connection, _idle);
        _acknowledgement = new AcknowledgementGate(inner, _connection, _ends);
        _pending = new PendingRead(_connection, _responses, _ends);
        _writes = new WriteAttribution(_connection, _checkout, _solicitation, _acknowledgement, new LivenessView(_connection, _responses), _responses);
    }

    /// <inheritdoc/>
    public OriginKnowledge Origin => _connection.Origin;

    /// <inheritdoc/>
    public long Id => (long)s_ids.GetValue(this, static _ => Interlocked.Increment(ref s_lastId));

    /// <inheritdoc/>
    public bool NoNewExchanges
    {
        get => _connection.NoNewExchanges;
        set => _connection.NoNewExchanges = value;
    }

    public override bool CanRead => _inner.CanRead;

    public override bool CanWrite => _inner.CanWrite;

    public override bool CanTimeout => _inner.CanTimeout;

    public override int ReadTimeout
    {
        get => _inner.ReadTimeout;
        set => _inner.ReadTimeout = value;
    }

    public override int WriteTimeout
    {
        get => _inner.WriteTimeout;
        set => _inner.WriteTimeout = value;
    }

    /// <inheritdoc/>
    public ValueTask WaitUntilTakenAsync(Exchange exchange, bool blocking, CancellationToken cancellationToken) =>
        _acknowledgement.WaitUntilTakenAsync(exchange, blocking, cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_responses.IsDetached)
        {
            return _inner.ReadAsync(buffer, cancellationToken);
        }

        if (buffer.IsEmpty)
        {
            // The pool's scavenger waits like this on idle connections, the application may wait like this for a body: it only waits. But a
            // reset may show here first, under a request that the pool gave this connection to without another look.
            _checkout.NoteWait();
            return _expiry.Limit(_pending.Wait(_inner.ReadAsync(buffer, cancellationToken), buffer));
        }

        if (_expiry.HasExpired)
        {
            return new ValueTask<int>(0);
        }

        Exchange? asking = _checkout.Asking();
        if (asking is not null && !_checkout.TryGrant(asking))
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
            _ends.OnReadFailure(e);
            throw;
        }

        if (!read.IsCompletedSuccessfully)
        {
            return _pending.Wait(read, buffer);
        }

        // Whatever a look finds at once, the pool goes on to another connection.
        asking?.IsGranted = false;
        int count = read.GetAwaiter().GetResult();
        if (count == 0)
        {
            return TellEndAsync();
        }

        long now = _connection.Clock.Now;
        _connection.Clock.NoteUnwatchedArrival(now);
        return new ValueTask<int>(_responses.Accept(buffer.Span[..count], now) ? count : 0);
    }

    public override int Read(Span<byte> buffer)
    {
        if (_responses.IsDetached || buffer.IsEmpty)
        {
            return _inner.Read(buffer);
        }

        if (_checkout.Asking() is Exchange asking && !_checkout.TryGrant(asking))
        {
            return 0;
        }

        int count;
        try
        {
            // It may wait, but cannot tell; asking the kernel once more when the connection is taken again costs little.
            _connection.Clock.NoteUnwatchedArrival(_connection.Clock.Now);
            count = _inner.Read(buffer);
        }
        catch (Exception e)
        {
            _ends.OnReadFailure(e);
            throw;
        }

        if (count == 0)
        {
            // Only a connection that has ended comes here: blocking for the evidence costs no healthy request anything.
            return Tell(_ends.EndOfStreamAsync(blocking: true).AsTask().GetAwaiter().GetResult());
        }

        return _responses.Accept(buffer[..count], _connection.Clock.Now) ? count : 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_responses.IsDetached)
        {
            return _inner.WriteAsync(buffer, cancellationToken);
        }

        bool began = _writes.Attribute(buffer.Span);
        byte[]? asked = null;
        if (_solicitation.IsDue && (asked = _solicitation.AskIn(buffer.Span, out int length)) is not null)
        {
            buffer = asked.AsMemory(0, length);
        }

        ValueTask write;
        try
        {
            write = _acknowledgement.IsDue ? _acknowledgement.WriteHeadersAsync(buffer, cancellationToken) : _inner.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            write = ValueTask.FromException(e);
        }

        if (!write.IsCompletedSuccessfully)
        {
            return WaitForWriteAsync(write, asked);
        }

        if (!began)
        {
            _connection.Clock.Touch();
        }

        Solicitation.Return(asked);
        return write;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_responses.IsDetached)
        {
            _inner.Write(buffer);
            return;
        }

        _writes.Attribute(buffer);
        byte[]? asked = null;
        if (_solicitation.IsDue && (asked = _solicitation.AskIn(buffer, out int length)) is not null)
        {
            buffer = asked.AsSpan(0, length);
        }

        try
        {
            if (_acknowledgement.IsDue)
            {
                _acknowledgement.WriteHeaders(buffer);
            }
            else
            {
                _inner.Write(buffer);
            }
        }
        catch (Exception e)
        {
            // The connection has failed: blocking for the evidence costs no healthy request anything.
            if (_ends.OnWriteFailureAsync(e, blocking: true).AsTask().GetAwaiter().GetResult() is ConnectionEndedException evidence)
            {
                throw evidence;
            }

            throw;
        }

        _connection.Clock.Touch();
        Solicitation.Return(asked);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => _inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        BeforeDispose();
        await _inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            BeforeDispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static int Tell(ConnectionEndedException? instead) => instead is null ? 0 : throw instead;

    private async ValueTask<int> TellEndAsync() => Tell(await _ends.EndOfStreamAsync(blocking: false).ConfigureAwait(false));

    private async ValueTask WaitForWriteAsync(ValueTask write, byte[]? asked)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (await _ends.OnWriteFailureAsync(e, blocking: false).ConfigureAwait(false) is ConnectionEndedException evidence)
            {
                throw evidence;
            }

            throw;
        }

        _connection.Clock.Touch();
        Solicitation.Return(asked);
    }

    private void BeforeDispose()
    {
        if (!_connection.IsDisposed)
        {
            _connection.IsDisposed = true;
            _idle.BeforeDispose();
        }
    }
}
