using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Racing;

/// <summary>
/// An HTTP/1.1 client on a bare socket, with one connection that is used again. It repeats nothing, whatever happens: what it saw is what a proxy did. (<see cref="HttpClient"/> repeats a GET
/// on its own, and would hide that a proxy had closed the connection.) One request at a time.
/// </summary>
internal sealed class RawClient(Uri server) : IDisposable
{
    private const int LargestHead = 32 * 1024;

    // What is sent in the alarm clock's own call: it never fills a socket's buffer.
    private const int FirstPart = 16 * 1024;

    // Linux: IPPROTO_TCP, TCP_INFO, and where milliseconds since the last data came stand in it.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int LastDataReceived = 52;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly byte[] _buffer = new byte[LargestHead];
    private Socket? _socket;
    private long _sentAt;

    /// <summary>When the last byte of the last answer came, as a <see cref="Stopwatch"/> timestamp: by the kernel's word on Linux, however late it is read.</summary>
    public long AnsweredAt { get; private set; }

    /// <summary>How long the last request took, from the instant at which it left.</summary>
    public TimeSpan Latency { get; private set; }

    /// <summary>Sends a request and reads the answer to its end.</summary>
    /// <param name="kind">What is sent.</param>
    /// <param name="id">Its id.</param>
    /// <param name="at">When it leaves, as a timestamp; at once when that is past.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer's status; 0 when the connection ended without one.</returns>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    public async Task<int> SendAsync(RequestKind kind, string id, long at, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience + Max(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), at), TimeSpan.Zero));
        try
        {
            // Where the server has ended the connection meanwhile, and that is known here, it is not the request's.
            if (_socket is { } idle && idle.Poll(TimeSpan.Zero, SelectMode.SelectRead))
            {
                Dispose();
            }

            _socket ??= await ConnectAsync(patience.Token);
            byte[] request = Write(kind, id);
            Task<int> reading = ReadAsync(_socket, patience.Token);

            // An answer may come before all is sent, and the rest be refused.
            Task writing = SendAllAsync(_socket, request, at, patience.Token);
            int status = await reading;
            if (status == 0 || !writing.IsCompletedSuccessfully)
            {
                Dispose();
            }

            await writing;
            return status;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Dispose();
            return 0;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async Task SendAllAsync(Socket socket, byte[] request, long at, CancellationToken cancellationToken)
    {
        var begun = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            // On the clock's thread: a thread of the pool may have to be waited for.
            AlarmClock.Shared.Ring(at, () =>
            {
                _sentAt = Stopwatch.GetTimestamp();
                try
                {
                    begun.SetResult(socket.Send(request.AsSpan(0, Math.Min(request.Length, FirstPart))));
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    begun.SetException(e);
                }
            });
            for (int sent = await begun.Task; sent < request.Length;)
            {
                sent += await socket.SendAsync(request.AsMemory(sent), cancellationToken);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // What the server said, if anything, is being read.
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Note(Socket socket)
    {
        long now = Stopwatch.GetTimestamp();
        Latency = Stopwatch.GetElapsedTime(_sentAt, now);
        AnsweredAt = now;
        if (OperatingSystem.IsLinux())
        {
            Span<byte> info = stackalloc byte[LastDataReceived + sizeof(uint)];
            try
            {
                if (socket.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length)
                {
                    AnsweredAt = now - (BitConverter.ToUInt32(info[LastDataReceived..]) * (Stopwatch.Frequency / 1000));
                }
            }
            catch (SocketException)
            {
                // The connection is gone; now will do.
            }
        }
    }

    private byte[] Write(RequestKind kind, string id)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{kind.Method} {server.PathAndQuery} HTTP/1.1\r\nHost: {server.Authority}\r\n{RaceRequest.IdHeader}: {id}\r\n");
        if (kind.Json is not null || kind.Method != HttpMethod.Get)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {kind.Json?.Length ?? 0}\r\n");
        }

        return Encoding.ASCII.GetBytes($"{head}\r\n{kind.Json}");
    }

    private async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.IdnHost, server.Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<int> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        int end = 0;
        while (true)
        {
            int headEnd;
            while ((headEnd = _buffer.AsSpan(0, end).IndexOf("\r\n\r\n"u8)) < 0)
            {
                int read = end < _buffer.Length ? await ReceiveAsync(socket, _buffer.AsMemory(end), cancellationToken) : 0;
                if (read == 0)
                {
                    return 0;
                }

                end += read;
            }

            string head = Encoding.Latin1.GetString(_buffer, 0, headEnd + 2);
            headEnd += 4;
            int status = int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture);
            _buffer.AsSpan(headEnd, end - headEnd).CopyTo(_buffer);
            end -= headEnd;
            if (status >= 200)
            {
                bool closes = await SkipBodyAsync(socket, head, end, cancellationToken);
                Note(socket);
                if (closes)
                {
                    Dispose();
                }

                return status;
            }
        }
    }

    // Where the length is not told in figures, the answer is read to the end of the connection or to the last chunk; it is an error page, or three bytes.
    // Whether the connection is of no further use.
    private async Task<bool> SkipBodyAsync(Socket socket, string head, int have, CancellationToken cancellationToken)
    {
        bool closes = head.Contains("\r\nConnection: close", StringComparison.OrdinalIgnoreCase);
        if (Field(head, "Content-Length") is { } length)
        {
            long left = long.Parse(length, CultureInfo.InvariantCulture) - have;
            for (int read = 1; left > 0 && read > 0; left -= read)
            {
                read = await ReceiveAsync(socket, _buffer, cancellationToken);
            }
        }
        else if (Field(head, "Transfer-Encoding") is not null)
        {
            int end = have;
            while (!_buffer.AsSpan(0, end).EndsWith("0\r\n\r\n"u8))
            {
                int read = end < _buffer.Length ? await ReceiveAsync(socket, _buffer.AsMemory(end), cancellationToken) : 0;
                if (read == 0)
                {
                    closes = true;
                    break;
                }

                end += read;
            }
        }
        else
        {
            closes = true;
        }

        return closes;
    }

    private static string? Field(string head, string name)
    {
        int at = head.IndexOf($"\r\n{name}:", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : head[(at + name.Length + 3)..head.IndexOf("\r\n", at + 2, StringComparison.Ordinal)].Trim();
    }

    private static async Task<int> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await socket.ReceiveAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
