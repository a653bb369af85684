using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// HTTP/2 in the clear with prior knowledge, as little of it as a client needs: answers every request with 200 and its own <c>X-Request-Id</c> as the body,
/// counts executions, and ends connections as it is told, to the millisecond.
/// </summary>
public sealed class ScriptedHttp2Server : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly TimeSpan _idleTimeout;
    private readonly Http2End _idleEnd;
    private readonly Func<int, Http2End> _dies;
    private readonly ConcurrentDictionary<ScriptedHttp2Connection, byte> _connections = new();
    private readonly Task _accepting;
    private int _accepted;

    private ScriptedHttp2Server(Socket listener, TimeSpan idleTimeout, Http2End idleEnd, Func<int, Http2End>? dies)
    {
        _listener = listener;
        _idleTimeout = idleTimeout;
        _idleEnd = idleEnd;
        _dies = dies ?? (static _ => Http2End.None);
        Address = new UriBuilder("http", ((IPEndPoint)listener.LocalEndPoint!).Address.ToString(), ((IPEndPoint)listener.LocalEndPoint!).Port).Uri;
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    public ExecutionLog Executions { get; } = new();

    public int ConnectionsAccepted => Volatile.Read(ref _accepted);

    /// <summary>How long an execution takes before its answer.</summary>
    public Func<TimeSpan> Works { get; init; } = static () => TimeSpan.Zero;

    /// <summary>After its FIN it goes on executing what still comes, which RFC 9113 5.4.1 and RFC 9112 9.6 leave no room for.</summary>
    public bool ExecutesAfterFin { get; init; }

    /// <summary>Asked with the stream: bytes that go out before the answer.</summary>
    public Func<int, byte[]> BeforeAnswer { get; init; } = static _ => [];

    /// <summary>Asked with the id of a request that has come whole, before it is executed.</summary>
    public Func<string, Http2Refusal> Refuses { get; init; } = static _ => Http2Refusal.None;

    /// <param name="idleTimeout">Idle for so long, a connection is ended.</param>
    /// <param name="idleEnd">How.</param>
    /// <param name="dies">Asked with the number of an execution on its connection, before it is answered: how the connection ends then.</param>
    /// <param name="link">At the far end of it, or on loopback.</param>
    /// <param name="beforeAnswer">Asked with the stream: bytes that go out before the answer.</param>
    public static ScriptedHttp2Server Start(TimeSpan idleTimeout, Http2End idleEnd, Func<int, Http2End>? dies = null, DelayedLink? link = null, Func<int, byte[]>? beforeAnswer = null) =>
        new(link is null ? Listen(IPAddress.Loopback) : link.InServerNamespace(() => Listen(link.ServerAddress)), idleTimeout, idleEnd, dies) { BeforeAnswer = beforeAnswer ?? (static _ => []) };

    /// <summary>On loopback, with executions that take a while, and a will of its own about ends.</summary>
    internal static ScriptedHttp2Server StartWorking(TimeSpan idleTimeout, Func<int, Http2End> dies, Func<TimeSpan> works, bool executesAfterFin) =>
        new(Listen(IPAddress.Loopback), idleTimeout, Http2End.Fin, dies) { Works = works, ExecutesAfterFin = executesAfterFin };

    /// <summary>On loopback, and says of some requests that it has not processed them.</summary>
    public static ScriptedHttp2Server StartRefusing(Func<string, Http2Refusal> refuses) =>
        new(Listen(IPAddress.Loopback), TimeSpan.FromMinutes(1), Http2End.Fin, dies: null) { Refuses = refuses };

    /// <summary>At the far end of a link, and executes what reaches it behind its own FIN.</summary>
    public static ScriptedHttp2Server StartExecutingAfterFin(TimeSpan idleTimeout, DelayedLink link) =>
        new(link.InServerNamespace(() => Listen(link.ServerAddress)), idleTimeout, Http2End.Fin, dies: null) { ExecutesAfterFin = true };

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (ScriptedHttp2Connection connection in _connections.Keys)
        {
            connection.Dispose();
        }
    }

    private static Socket Listen(IPAddress address)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(512);
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

            _ = Interlocked.Increment(ref _accepted);
            socket.NoDelay = true;
            var connection = new ScriptedHttp2Connection(socket, Executions, _idleTimeout, _idleEnd, _dies) { Works = Works, ExecutesAfterFin = ExecutesAfterFin, BeforeAnswer = BeforeAnswer, Refuses = Refuses };
            _connections[connection] = 0;
            _ = Task.Run(async () =>
            {
                await connection.ServeAsync();
                _ = _connections.TryRemove(connection, out var _);
            });
        }
    }
}
