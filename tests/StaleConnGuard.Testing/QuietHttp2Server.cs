using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Testing;

/// <summary>
/// A cleartext HTTP/2 server with one quiet stream, as of a gRPC call that waits: it answers the first request with headers and says no more. It
/// counts the pings it is sent, and treats them as a gRPC server does by default (gRPC's keepalive.md): without data no ping in 5 minutes is welcome, and after two strikes
/// it ends the connection.
/// </summary>
public sealed class QuietHttp2Server : IAsyncDisposable
{
    private const int MaxStrikes = 2;
    private const byte Headers = 1;
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;
    private const byte Acknowledged = 1;
    private const byte EndHeaders = 4;
    private const int EnhanceYourCalm = 11;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Task _serving;
    private Socket? _client;
    private int _pings;

    public QuietHttp2Server()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Uri = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _serving = ServeAsync();
    }

    public Uri Uri { get; }

    /// <summary>Pings that came after the response's headers.</summary>
    public int Pings => Volatile.Read(ref _pings);

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _client?.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            _client = await _listener.AcceptAsync();
            await using var stream = new NetworkStream(_client, ownsSocket: true);
            await stream.ReadExactlyAsync(new byte["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".Length]);
            await WriteAsync(stream, Settings, 0, 0, []);
            byte[] header = new byte[9];
            while (true)
            {
                await stream.ReadExactlyAsync(header);
                byte[] payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await stream.ReadExactlyAsync(payload);
                bool isAcknowledgement = header[4] == Acknowledged;
                switch (header[3])
                {
                    case Settings when !isAcknowledgement:
                        await WriteAsync(stream, Settings, Acknowledged, 0, []);
                        break;
                    case Headers:
                        // HPACK: the eighth of the static table, ":status: 200".
                        await WriteAsync(stream, Headers, EndHeaders, BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), [0x88]);
                        break;
                    case Ping when !isAcknowledgement && Interlocked.Increment(ref _pings) > MaxStrikes:
                        await WriteAsync(stream, GoAway, 0, 0, [0, 0, 0, 1, 0, 0, 0, EnhanceYourCalm, .. "too_many_pings"u8]);
                        return;
                    case Ping when !isAcknowledgement:
                        await WriteAsync(stream, Ping, Acknowledged, 0, payload);
                        break;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The client, or the test, is done.
        }
    }

    private static async Task WriteAsync(NetworkStream stream, byte type, byte flags, int streamId, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, 9);
        await stream.WriteAsync(frame);
    }
}
