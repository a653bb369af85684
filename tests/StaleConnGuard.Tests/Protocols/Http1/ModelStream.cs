using System.Net.Sockets;


namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>What lies beneath the connection of the model: reads wait until the server does something, writes are counted. Thread-safe.</summary>
internal sealed class ModelStream(bool continuesElsewhere) : DuplexStream
{
    private readonly Lock _lock = new();
    private readonly Queue<byte[]> _arrived = new();
    private TaskCompletionSource<int>? _waiting;
    private Memory<byte> _buffer;
    private bool _fin;
    private Exception? _failure;
    private long _written;

    public long Written => Volatile.Read(ref _written);

    public void Send(byte[] bytes) => Change(() => _arrived.Enqueue(bytes));

    public void Fin() => Change(() => _fin = true);

    public void Reset() => Change(() => _failure ??= new IOException("reset", new SocketException((int)SocketError.ConnectionReset)));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_failure is not null && _arrived.Count == 0)
            {
                return ValueTask.FromException<int>(_failure);
            }

            if (_arrived.Count > 0 || _fin)
            {
                return ValueTask.FromResult(Take(buffer));
            }

            _buffer = buffer;
            _waiting = new TaskCompletionSource<int>(continuesElsewhere ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);
            return new ValueTask<int>(_waiting.Task);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_failure is not null)
            {
                return ValueTask.FromException(_failure);
            }

            _written += buffer.Length;
            return ValueTask.CompletedTask;
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Change(() => _failure = new ObjectDisposedException(nameof(ModelStream)));
        base.Dispose(disposing);
    }

    private void Change(Action change)
    {
        TaskCompletionSource<int>? waiting;
        int count = 0;
        Exception? failure;
        lock (_lock)
        {
            change();
            (waiting, _waiting) = (_waiting, null);
            failure = _arrived.Count == 0 ? _failure : null;
            if (waiting is not null && failure is null)
            {
                count = Take(_buffer);
            }
        }

        // Outside, because what waits goes on from here.
        if (failure is not null)
        {
            waiting?.SetException(failure);
        }
        else
        {
            waiting?.SetResult(count);
        }
    }

    private int Take(Memory<byte> buffer)
    {
        if (buffer.IsEmpty || !_arrived.TryDequeue(out byte[]? bytes))
        {
            return 0;
        }

        bytes.CopyTo(buffer);
        return bytes.Length;
    }
}
