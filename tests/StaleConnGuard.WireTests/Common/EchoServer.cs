using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests;

/// <summary>Sends back what it gets, on one connection after the other.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Task _serving;

    private EchoServer(Socket listener)
    {
        _listener = listener;
        _serving = ServeAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public static EchoServer Start(DelayedLink link) => new(link.InServerNamespace(() =>
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(link.ServerAddress, 0));
        listener.Listen();
        return listener;
    }));

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        byte[] buffer = new byte[1024];
        while (true)
        {
            try
            {
                using Socket connection = await _listener.AcceptAsync();
                connection.NoDelay = true;
                while (await connection.ReceiveAsync(buffer) is > 0 and int read)
                {
                    _ = await connection.SendAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                if (exception is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
                {
                    return;
                }
            }
        }
    }
}
