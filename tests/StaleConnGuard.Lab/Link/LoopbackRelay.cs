using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Lab;

/// <summary>
/// A relay on loopback that holds what it gets for the delay of the link, in each direction, for machines without root. The race happens
/// behind it as well, but it is a second best: the relay's kernel acknowledges bytes on the server's behalf, so whether the *server*
/// got them cannot be proven, and no guard can tell a lost request from one that was executed.
/// </summary>
/// <remarks>Knows two ways for a server to end a connection: closed (FIN) and reset. Every member may be called from any thread.</remarks>
public sealed class LoopbackRelay : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly EndPoint _target;
    private readonly TimeSpan _delay;
    private readonly ConcurrentDictionary<RelayedConnection, Task> _connections = new();
    private readonly Task _accepting;

    private LoopbackRelay(EndPoint target, TimeSpan delayEachWay)
    {
        _target = target;
        _delay = delayEachWay;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Gets where clients connect to instead of the server.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Starts a relay to <paramref name="target"/> that holds bytes for <paramref name="delayEachWay"/>, in each direction.</summary>
    public static LoopbackRelay Start(EndPoint target, TimeSpan delayEachWay) => new(target, delayEachWay);

    /// <summary>Stops listening and drops every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach ((RelayedConnection connection, Task relayed) in _connections)
        {
            connection.Dispose();
            await relayed;
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var connection = new RelayedConnection(await _listener.AcceptAsync(), _delay);
                Task relayed = Task.Run(() => connection.RelayAsync(_target));
                _connections[connection] = relayed;
                _ = relayed.ContinueWith(_ => _connections.TryRemove(connection, out var _), TaskScheduler.Default);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
