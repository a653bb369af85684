using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>A SOCKS5 proxy without authentication (RFC 1928): addresses and names, CONNECT only.</summary>
public sealed class SocksProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Task _accepting;

    public SocksProxy()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Uri = new Uri($"socks5://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket client = await _listener.AcceptAsync();
                _sockets.Add(client);
                _ = TunnelAsync(client);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task TunnelAsync(Socket client)
    {
        try
        {
            client.NoDelay = true;
            await using var stream = new NetworkStream(client);
            byte[] head = new byte[4];
            await stream.ReadExactlyAsync(head.AsMemory(0, 2));
            await stream.ReadExactlyAsync(new byte[head[1]]);
            await client.SendAsync(new byte[] { 5, 0 });
            await stream.ReadExactlyAsync(head);
            byte[] address = new byte[head[3] switch { 1 => 4, 4 => 16, _ => (byte)stream.ReadByte() }];
            await stream.ReadExactlyAsync(address);
            byte[] port = new byte[2];
            await stream.ReadExactlyAsync(port);
            string host = head[3] == 3 ? Encoding.ASCII.GetString(address) : new IPAddress(address).ToString();
            var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sockets.Add(server);
            await server.ConnectAsync(host, (port[0] << 8) | port[1]);
            await client.SendAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 });
            await Task.WhenAll(ConnectProxy.PassAsync(client, server), ConnectProxy.PassAsync(server, client));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One side went away.
        }
    }
}
