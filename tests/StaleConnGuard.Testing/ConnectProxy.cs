using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>
/// A forward proxy that answers CONNECT with a tunnel, and passes ends of either side on as they came. It acknowledges for the server, as
/// every proxy does. The first tunnels can be refused.
/// </summary>
public sealed class ConnectProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly Task _accepting;
    private readonly TaskCompletionSource _endPassedOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _tunnels;

    public ConnectProxy()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Uri = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Tunnels => Volatile.Read(ref _tunnels);

    /// <summary>A server's end-of-stream has been passed on to a client.</summary>
    public Task EndPassedOn => _endPassedOn.Task;

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
            Socket client;
            try
            {
                client = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            _sockets.Add(client);
            _ = TunnelAsync(client);
        }
    }

    private async Task TunnelAsync(Socket client)
    {
        try
        {
            client.NoDelay = true;
            string[] target = (await ReadTargetAsync(client)).Split(':');
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sockets.Add(server);
            await server.ConnectAsync(IPAddress.Parse(target[0]), int.Parse(target[1], System.Globalization.CultureInfo.InvariantCulture));
            await client.SendAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
            Interlocked.Increment(ref _tunnels);
            await Task.WhenAll(PassAsync(client, server), PassAsync(server, client, _endPassedOn));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side went away.
        }
    }

    private static async Task<string> ReadTargetAsync(Socket client)
    {
        var head = new StringBuilder();
        byte[] buffer = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await client.ReceiveAsync(buffer) == 1 ? buffer[0] : throw new SocketException()));
        }

        return head.ToString().Split(' ')[1];
    }

    internal static async Task PassAsync(Socket from, Socket to, TaskCompletionSource? ended = null)
    {
        byte[] buffer = new byte[16 * 1024];
        for (int count; (count = await from.ReceiveAsync(buffer)) > 0;)
        {
            await to.SendAsync(buffer.AsMemory(0, count));
        }

        to.Shutdown(SocketShutdown.Send);
        ended?.TrySetResult();
    }
}
