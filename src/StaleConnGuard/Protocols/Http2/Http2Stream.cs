using System.Runtime.CompilerServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// The HTTP end of one HTTP/2 connection, above TLS: shows what passes to its <see cref="Http2Connection"/>, and turns the connection's end into the one exception that the
/// runtime hands to every request of it. Owned by the runtime's connection; one writer and one reader at a time.
/// </summary>
internal sealed class Http2Stream : SequentialStream
{
    // How long a failed write waits for the reading side: it knows whether a FIN came first, and a GOAWAY may lie before it.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    private readonly Stream _inner;
    private readonly Http2Connection _connection;
    private readonly IdleLimit _limit;
    private volatile bool _disposed;

    public Http2Stream(Stream inner, Http2Connection connection, IdleLimit limit)
    {
        _inner = inner;
        _connection = connection;
        _limit = limit;
    }

    public override bool CanRead => _inner.CanRead;

    public override bool CanWrite => _inner.CanWrite;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_connection.End is not null)
        {
            return EndedAsync();
        }

        ValueTask<int> read;
        try
        {
            read = _inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            return FailedAsync(e);
        }

        if (!read.IsCompletedSuccessfully)
        {
            return WaitForReadAsync(read, buffer);
        }

        int count = read.GetAwaiter().GetResult();
        if (count == 0 && !buffer.IsEmpty)
        {
            return EndedAsync();
        }

        _connection.Received(buffer.Span[..count]);
        return new ValueTask<int>(count);
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_connection.TrySend(buffer.Span))
        {
            return WaitForEndAsync(failure: null);
        }

        ValueTask write;
        try
        {
            write = _inner.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            return WaitForEndAsync(e);
        }

        return write.IsCompletedSuccessfully ? write : WaitForWriteAsync(write);
    }

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

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

    private void BeforeDispose()
    {
        _disposed = true;
        _limit.Dispose();
        _connection.LetGo();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitForReadAsync(ValueTask<int> read, Memory<byte> buffer)
    {
        int count;
        try
        {
            count = await read.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw Explained(e);
        }

        if (count == 0 && !buffer.IsEmpty)
        {
            throw await _connection.EndOfStreamAsync().ConfigureAwait(false);
        }

        _connection.Received(buffer.Span[..count]);
        return count;
    }

    private async ValueTask<int> EndedAsync() => throw await _connection.EndOfStreamAsync().ConfigureAwait(false);

    private ValueTask<int> FailedAsync(Exception e) => ValueTask.FromException<int>(Explained(e));

    /// <summary>Once the runtime has let go of the connection, or has cancelled, what it gets is what it would have got.</summary>
    private Exception Explained(Exception e) => _disposed || e is OperationCanceledException ? e : _connection.Failed(e);

    private async ValueTask WaitForWriteAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            return;
        }
        catch (Exception e) when (!_disposed)
        {
            await WaitForEndAsync(e).ConfigureAwait(false);
        }
    }

    /// <summary>Whoever fails a request before the end is recorded leaves it without evidence, and a GOAWAY that has come without effect.</summary>
    private async ValueTask WaitForEndAsync(Exception? failure)
    {
        TimeProvider time = _connection.Guard.Time;
        long started = time.GetTimestamp();
        while (_connection.End is null && !_disposed && (_connection.IsEnding || LateEnd.MayCome(_connection.Transport, time.GetElapsedTime(started), s_patience)))
        {
            await Task.Delay(s_step, time).ConfigureAwait(false);
        }

        throw _connection.End ?? _connection.Failed(failure ?? new IOException("The connection was closed."));
    }
}
