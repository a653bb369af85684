using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Lab;

/// <summary>
/// An HTTP/1.1 server that answers every request with 200 and three bytes, closes an idle connection with a FIN at an exact idle age,
/// and knows how often it executed which request. On raw sockets, because no server framework is exact to the millisecond here.
/// </summary>
public sealed class RaceServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly RaceServerOptions _options;
    private readonly ConcurrentDictionary<int, (RaceConnection Connection, Task Served)> _connections = new();
    private readonly Task _accepting;
    private int _accepted;

    private RaceServer(Socket listener, RaceServerOptions options)
    {
        _listener = listener;
        _options = options;
        var endPoint = (IPEndPoint)listener.LocalEndPoint!;
        Address = new UriBuilder(options.Certificate is null ? "http" : "https", endPoint.Address.ToString(), endPoint.Port).Uri;
        _accepting = AcceptAsync();
    }

    /// <summary>Gets where the server listens.</summary>
    public Uri Address { get; }

    /// <summary>Gets what was executed.</summary>
    public ExecutionLog Executions { get; } = new();

    /// <summary>Gets how many connections were accepted.</summary>
    public int ConnectionsAccepted => Volatile.Read(ref _accepted);

    /// <summary>Starts a server on loopback.</summary>
    public static RaceServer Start(RaceServerOptions? options = null) =>
        new(Listen(IPAddress.Loopback), options ?? new RaceServerOptions());

    /// <summary>Starts a server at the far end of a link. Dispose it before the link.</summary>
    public static RaceServer Start(DelayedLink link, RaceServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(link);
        return new(link.InServerNamespace(() => Listen(link.ServerAddress)), options ?? new RaceServerOptions());
    }

    /// <summary>Stops listening and closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach ((RaceConnection connection, Task served) in _connections.Values)
        {
            connection.Dispose();
            await served;
        }
    }

    private static Socket Listen(IPAddress address)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen();
        return listener;
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
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            Serve(socket);
        }
    }

    private void Serve(Socket socket)
    {
        int number = Interlocked.Increment(ref _accepted);
        socket.NoDelay = true;
        var connection = new RaceConnection(socket, number, _options, Executions);

        // Not on this thread: the TLS handshake of one connection must not hold up the next.
        Task served = Task.Run(connection.ServeAsync);
        _connections[number] = (connection, served);
        _ = served.ContinueWith(_ => _connections.TryRemove(number, out var _), TaskScheduler.Default);
    }
}
