using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>One connection of a <see cref="ScriptedHttp2Server"/>.</summary>
internal sealed class ScriptedHttp2Connection(Socket socket, ExecutionLog executions, TimeSpan idleTimeout, Http2End idleEnd, Func<int, Http2End> dies) : IDisposable
{
    private static readonly TimeSpan s_untilFirstRequest = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _writing = new(1);
    private readonly Lock _deciding = new();
    private readonly Dictionary<int, string> _open = [];
    private long _lastActivity = Stopwatch.GetTimestamp();
    private int _busy;
    private int _executed;
    private int _lastExecuted;
    private volatile bool _ended;

    // Told and asked by who writes.
    private bool _wroteLast;

    public Func<TimeSpan> Works { get; init; } = static () => TimeSpan.Zero;

    public bool ExecutesAfterFin { get; init; }

    public Func<int, byte[]> BeforeAnswer { get; init; } = static _ => [];

    public Func<string, Http2Refusal> Refuses { get; init; } = static _ => Http2Refusal.None;

    public async Task ServeAsync()
    {
        using var closing = new CancellationTokenSource();
        Task idle = Task.Run(() => CloseWhenIdleAsync(closing.Token));
        try
        {
            byte[] preface = new byte[24];
            await ReadAsync(preface);

            // SETTINGS without any, and room for what is uploaded.
            await WriteAsync([0, 0, 0, 4, 0, 0, 0, 0, 0, .. Frame(8, 0, 0, [0x3f, 0xff, 0, 0])]);
            byte[] header = new byte[9];
            while (!_ended || ExecutesAfterFin)
            {
                await ReadAsync(header);
                byte[] payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await ReadAsync(payload);
                await HandleAsync(header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)) & int.MaxValue, payload);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            // The client has gone.
        }

        if (!_ended)
        {
            socket.Dispose();
        }

        await closing.CancelAsync();
        await idle;
    }

    public void Dispose() => socket.Dispose();

    private async Task HandleAsync(byte type, byte flags, int stream, byte[] payload)
    {
        if (_ended && !ExecutesAfterFin)
        {
            // What was read behind the FIN is not executed.
            return;
        }

        switch (type)
        {
            case 4 when (flags & 1) == 0:
                await WriteAsync(Frame(4, 1, 0, []));
                break;
            case 6 when (flags & 1) == 0:
                await WriteAsync(Frame(6, 1, 0, payload));
                break;
            case 1 when TryOpen():
                _open[stream] = IdIn(payload);
                break;
            case 0 when payload.Length > 0:
                byte[] more = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(more, payload.Length);
                await WriteAsync([.. Frame(8, 0, 0, more), .. Frame(8, 0, stream, more)]);
                break;
            case 3 when _open.Remove(stream):
                _ = Interlocked.Decrement(ref _busy);
                break;
        }

        if (type is 0 or 1 && (flags & 1) != 0 && _open.Remove(stream, out string? id))
        {
            if (Refuses(id) is Http2Refusal refusal and not Http2Refusal.None)
            {
                _ = Interlocked.Decrement(ref _busy);
                await WriteAsync(refusal is Http2Refusal.RefusedStream ? Frame(3, 0, stream, [0, 0, 0, 7]) : GoAway(_lastExecuted));
                return;
            }

            // Executing is what is counted, before anything can go wrong.
            _ = executions.Add(id, new Execution(0, 0));
            _lastExecuted = Math.Max(_lastExecuted, stream);
            Http2End end = dies(++_executed);
            if (end is Http2End.None)
            {
                _ = AnswerAsync(stream, id);
            }
            else
            {
                await EndAsync(end);
            }
        }
    }

    private async Task AnswerAsync(int stream, string id)
    {
        try
        {
            if (Works() is { Ticks: > 0 } work)
            {
                await Task.Delay(work);
            }

            // :status 200 from the static table.
            await WriteAsync([.. BeforeAnswer(stream), .. Frame(1, 4, stream, [0x88]), .. Frame(0, 1, stream, Encoding.ASCII.GetBytes(id))]);
            Volatile.Write(ref _lastActivity, Stopwatch.GetTimestamp());
            _ = Interlocked.Decrement(ref _busy);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client has gone, or the connection has been ended.
        }
    }

    private async Task CloseWhenIdleAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!_ended)
            {
                // A client that is slow to send its first request is no idle one.
                TimeSpan timeout = Volatile.Read(ref _executed) > 0 ? idleTimeout : s_untilFirstRequest;
                TimeSpan left = timeout - Stopwatch.GetElapsedTime(Volatile.Read(ref _lastActivity));
                if (left > idleTimeout)
                {
                    left = idleTimeout;
                }

                if (Volatile.Read(ref _busy) > 0)
                {
                    left = TimeSpan.FromMilliseconds(5);
                }

                if (left <= TimeSpan.Zero && TryEndIdle())
                {
                    await EndAsync(idleEnd);
                    return;
                }

                await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), left), cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // It has ended otherwise.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client has gone.
            socket.Dispose();
        }
    }

    // A request is either on a connection that has not ended, and is answered, or behind the end, and is not executed: never executed and then cut off by the idle timeout.
    private bool TryOpen()
    {
        lock (_deciding)
        {
            if (_ended && !ExecutesAfterFin)
            {
                return false;
            }

            _ = Interlocked.Increment(ref _busy);
            return true;
        }
    }

    private bool TryEndIdle()
    {
        lock (_deciding)
        {
            return !_ended && (_ended = Volatile.Read(ref _busy) == 0);
        }
    }

    private async Task EndAsync(Http2End end)
    {
        if (end is Http2End.GoAwayOfAll or Http2End.GoAwayHonest)
        {
            await WriteAsync(GoAway(end is Http2End.GoAwayOfAll ? int.MaxValue : _lastExecuted));
        }
        else if (end is Http2End.HalfFrame)
        {
            await WriteAsync([0, 0, 40, 1, 4], isLast: true);
        }

        _ended = true;
        if (end is Http2End.Reset)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
            return;
        }

        // FIN, and what still comes is read and thrown away, so that no reset takes its place.
        socket.Shutdown(SocketShutdown.Send);
        if (!ExecutesAfterFin)
        {
            _ = DrainAsync();
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            byte[] rest = new byte[65536];
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            while (await socket.ReceiveAsync(rest, patience.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Gone.
        }

        socket.Dispose();
    }

    // .NET's encoder uses neither Huffman codes nor a dynamic table: a value stands there as it is, after its length.
    private static string IdIn(byte[] headers)
    {
        int at = headers.AsSpan().IndexOf("x-request-id"u8);
        return at < 0 ? string.Empty : Encoding.ASCII.GetString(headers, at + 13, headers[at + 12]);
    }

    private static byte[] GoAway(int lastStream)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, lastStream);
        return Frame(7, 0, 0, payload);
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
    }

    private async Task ReadAsync(byte[] buffer)
    {
        for (int count = 0; count < buffer.Length;)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(count));
            count += read > 0 ? read : throw new EndOfStreamException();
        }
    }

    private async Task WriteAsync(byte[] bytes, bool isLast = false)
    {
        await _writing.WaitAsync();
        try
        {
            // An answer behind half a frame would be read as its other half.
            ObjectDisposedException.ThrowIf(_wroteLast, this);
            _wroteLast = isLast;
            for (int sent = 0; sent < bytes.Length;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent));
            }
        }
        finally
        {
            _ = _writing.Release();
        }
    }
}
