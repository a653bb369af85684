using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// The read that waits for bytes of one connection. One object for all of them, because nearly every response begins with such a wait: an async method
/// for it cost a third of all that the guard adds to a request.
/// </summary>
/// <remarks>
/// Threads: begun by the reading side, goes on where the read beneath completes. One at a time, as the runtime reads (and as
/// <see cref="System.Net.Security.SslStream"/> demands).
/// </remarks>
internal sealed class PendingRead : IValueTaskSource<int>
{
    private readonly Http1Connection _connection;
    private readonly ResponseReader _responses;
    private readonly EndDetection _ends;
    private readonly Action _onCompleted;
    private ManualResetValueTaskSourceCore<int> _result;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _beneath;
    private Memory<byte> _buffer;

    public PendingRead(Http1Connection connection, ResponseReader responses, EndDetection ends)
    {
        _connection = connection;
        _responses = responses;
        _ends = ends;
        _onCompleted = OnCompleted;
    }

    /// <summary>Takes note of what comes, before the caller does.</summary>
    /// <param name="beneath">The read of the stream beneath.</param>
    /// <param name="buffer">Where it reads to; empty when it only waits.</param>
    public ValueTask<int> Wait(ValueTask<int> beneath, Memory<byte> buffer)
    {
        Debug.Assert(!_ends.IsReading, "One read at a time.");

        // Once more, for the one that nobody took.
        _result.Reset();
        var wait = new ValueTask<int>(this, _result.Version);
        _buffer = buffer;
        _ends.IsReading = true;
        _beneath = beneath.ConfigureAwait(false).GetAwaiter();
        if (_beneath.IsCompleted)
        {
            // It failed at once, which the pool looks for.
            OnCompleted();
        }
        else
        {
            _beneath.OnCompleted(_onCompleted);
        }

        return wait;
    }

    /// <inheritdoc/>
    int IValueTaskSource<int>.GetResult(short token)
    {
        try
        {
            return _result.GetResult(token);
        }
        finally
        {
            // Or it keeps who waited, and what that one knows of its request, for as long as the connection is idle.
            _result.Reset();
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _result.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    private void OnCompleted()
    {
        // What waits above may begin the next read from within SetResult, so nothing of this one is used after it.
        Memory<byte> buffer = _buffer;
        _buffer = default;
        int count;
        try
        {
            count = TakeResult();
            if (count > 0 && !buffer.IsEmpty)
            {
                _connection.Clock.NoteWatchedArrival();
                count = _responses.Accept(buffer.Span[..count], _connection.Clock.Now) ? count : 0;
            }
            else if (!buffer.IsEmpty)
            {
                _ = EndAsync();
                return;
            }
        }
        catch (Exception e)
        {
            _result.SetException(e);
            return;
        }

        _result.SetResult(count);
    }

    private int TakeResult()
    {
        try
        {
            return _beneath.GetResult();
        }
        catch (Exception e)
        {
            _ends.OnReadFailure(e);
            throw;
        }
        finally
        {
            _ends.IsReading = false;
        }
    }

    private async Task EndAsync()
    {
        ConnectionEndedException? instead;
        try
        {
            instead = await _ends.EndOfStreamAsync(blocking: false).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _result.SetException(e);
            return;
        }

        if (instead is null)
        {
            _result.SetResult(0);
        }
        else
        {
            _result.SetException(instead);
        }
    }
}
