using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>HTTP/2 in the clear with prior knowledge, one script a connection, which decides about each frame that goes out.</summary>
public sealed class RawHttp2Server : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<RawHttp2Connection> _connections = [];
    private readonly Func<RawHttp2Connection, Task> _script;
    private readonly Task _accepting;
    private int _accepted;

    /// <param name="script">Serves a connection; what it leaves open is closed with the server.</param>
    public RawHttp2Server(Func<RawHttp2Connection, Task> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        Uri = new UriBuilder("http", "127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port).Uri;
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Connections => Volatile.Read(ref _accepted);

    /// <summary>Which requests were read whole, by their <c>X-Request-Id</c>, how often.</summary>
    public ConcurrentDictionary<string, int> Received { get; } = new(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (RawHttp2Connection connection in _connections)
        {
            connection.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            var connection = new RawHttp2Connection(this, socket, Interlocked.Increment(ref _accepted) - 1);
            _connections.Add(connection);
            _ = Task.Run(() => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(RawHttp2Connection connection)
    {
        try
        {
            await connection.OpenAsync();
            await _script(connection);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // The client has gone, or the script has ended the connection.
        }
    }
}

/// <summary>A request that was read whole.</summary>
/// <param name="Stream">Its stream.</param>
/// <param name="Id">Its <c>X-Request-Id</c>.</param>
/// <param name="BodyLength">Bytes of its body.</param>
public sealed record RawHttp2Request(int Stream, string Id, int BodyLength);

/// <summary>One connection of a <see cref="RawHttp2Server"/>. One reader; frames are written whole.</summary>
public sealed class RawHttp2Connection(RawHttp2Server server, Socket socket, int index) : IDisposable
{
    // RFC 9113 6 and 7.
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte ResetStream = 3;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAwayFrame = 7;
    private const byte WindowUpdate = 8;
    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const int RefusedStream = 7;

    private readonly Dictionary<int, (string Id, int Length)> _open = [];

    public int Index { get; } = index;

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
    }

    /// <summary>200 in HEADERS, and the body in DATA, of two frames where it has two bytes.</summary>
    public static byte[] Answer(int stream, string body)
    {
        // :status 200 from the static table (RFC 7541 Appendix A).
        byte[] bytes = Encoding.ASCII.GetBytes(body);
        return [.. Frame(Headers, EndHeaders, stream, [0x88]), .. Frame(Data, 0, stream, bytes.AsSpan(0, bytes.Length / 2)), .. Frame(Data, EndStream, stream, bytes.AsSpan(bytes.Length / 2))];
    }

    public static byte[] Refusal(int stream) => Frame(ResetStream, 0, stream, [0, 0, 0, RefusedStream]);

    /// <param name="lastStream">The last that was or may have been processed.</param>
    public static byte[] GoAway(int lastStream)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, lastStream);
        return Frame(GoAwayFrame, 0, 0, payload);
    }

    /// <summary>The next request that has come whole; null when the client has ended the connection.</summary>
    public async Task<RawHttp2Request?> ReadRequestAsync()
    {
        byte[] header = new byte[9];
        while (await TryReadAsync(header))
        {
            byte[] payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
            if (!await TryReadAsync(payload))
            {
                return null;
            }

            (byte type, byte flags, int stream) = (header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)) & int.MaxValue);
            await NoteAsync(type, flags, stream, payload);
            if (type is Data or Headers && (flags & EndStream) != 0 && _open.Remove(stream, out (string Id, int Length) request))
            {
                server.Received.AddOrUpdate(request.Id, 1, static (_, count) => count + 1);
                return new RawHttp2Request(stream, request.Id, request.Length);
            }
        }

        return null;
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    public Task AnswerAsync(RawHttp2Request request, string body = "ok") => WriteAsync(Answer(request.Stream, body));

    /// <summary>Answers whatever comes, as long as it comes.</summary>
    public async Task AnswerAllAsync()
    {
        while (await ReadRequestAsync() is RawHttp2Request request)
        {
            await AnswerAsync(request, $"honest {request.Id}");
        }
    }

    /// <summary>A FIN; what the client still sends is read, so that no reset follows.</summary>
    public async Task CloseAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        byte[] rest = new byte[4096];
        while (await socket.ReceiveAsync(rest) > 0)
        {
        }

        socket.Dispose();
    }

    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    public void Dispose() => socket.Dispose();

    internal async Task OpenAsync()
    {
        socket.NoDelay = true;
        if (!await TryReadAsync(new byte[24]))
        {
            throw new EndOfStreamException();
        }

        await WriteAsync(Frame(Settings, 0, 0, []));
    }

    private async Task NoteAsync(byte type, byte flags, int stream, byte[] payload)
    {
        switch (type)
        {
            case Settings when (flags & 1) == 0:
                await WriteAsync(Frame(Settings, 1, 0, []));
                break;
            case Ping when (flags & 1) == 0:
                await WriteAsync(Frame(Ping, 1, 0, payload));
                break;
            case Headers:
                _open[stream] = (IdIn(payload), 0);
                break;
            case Data when payload.Length > 0 && _open.TryGetValue(stream, out (string Id, int Length) request):
                _open[stream] = request with { Length = request.Length + payload.Length };
                byte[] more = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(more, payload.Length);
                await WriteAsync((byte[])[.. Frame(WindowUpdate, 0, 0, more), .. Frame(WindowUpdate, 0, stream, more)]);
                break;
        }
    }

    // .NET's encoder uses neither Huffman codes nor a dynamic table: a value stands there as it is, after its length.
    private static string IdIn(byte[] headers)
    {
        int at = headers.AsSpan().IndexOf("x-request-id"u8);
        return at < 0 ? string.Empty : Encoding.ASCII.GetString(headers, at + 13, headers[at + 12]);
    }

    private async Task<bool> TryReadAsync(byte[] buffer)
    {
        for (int count = 0; count < buffer.Length;)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(count));
            if (read == 0)
            {
                return false;
            }

            count += read;
        }

        return true;
    }
}
