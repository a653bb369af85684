using System.Threading.Tasks.Sources;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// One HTTP/1.1 connection without a network: whatever is written is one whole request, and is answered at once with 200 and two bytes.
/// Allocates nothing for a request, so that what is counted around it is the client's.
/// </summary>
public sealed class InMemoryConnectionStream : DuplexStream, IValueTaskSource<int>
{
    private static readonly byte[] s_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _waiting;
    private bool _isWaiting;
    private int _unread;

    /// <summary>A handler whose every connection is one of these.</summary>
    public static SocketsHttpHandler MakeHandler() => new()
    {
        ConnectCallback = static (_, _) => ValueTask.FromResult<Stream>(new InMemoryConnectionStream()),
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
    };

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_unread > 0)
            {
                return ValueTask.FromResult(Take(buffer));
            }

            _read.Reset();
            _waiting = buffer;
            _isWaiting = true;
            return new ValueTask<int>(this, _read.Version);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = 0;
        lock (_lock)
        {
            _unread = s_response.Length;
            if (!_isWaiting)
            {
                return ValueTask.CompletedTask;
            }

            _isWaiting = false;
            count = Take(_waiting);
        }

        _read.SetResult(count);
        return ValueTask.CompletedTask;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

    public int GetResult(short token) => _read.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _read.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private int Take(Memory<byte> buffer)
    {
        int count = Math.Min(_unread, buffer.Length);
        s_response.AsSpan(s_response.Length - _unread, count).CopyTo(buffer.Span);
        _unread -= count;
        return count;
    }
}
