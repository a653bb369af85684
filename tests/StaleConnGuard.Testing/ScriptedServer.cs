using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using StaleConnGuard.Lab;

namespace StaleConnGuard.Testing;

/// <summary>
/// A loopback server that does to each connection what a script says, and counts how often each request was executed. It executes a
/// request by answering it or by the script saying so; ids come from the <c>X-Request-Id</c> header.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private static readonly X509Certificate2 s_certificate = SelfSignedCertificate.Create(IPAddress.Loopback);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<ScriptedConnection, Task> _script;
    private readonly ConcurrentDictionary<string, int> _executions = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Exception> _failures = [];
    private readonly ConcurrentBag<ScriptedConnection> _open = [];
    private readonly bool _tls;
    private readonly Task _accepting;
    private int _connections;

    public ScriptedServer(Func<ScriptedConnection, Task> script, bool tls = false)
    {
        _script = script;
        _tls = tls;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        Uri = new Uri($"{(tls ? "https" : "http")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Uri { get; }

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Executions per request id.</summary>
    public IReadOnlyDictionary<string, int> Executions => _executions;

    public int TotalExecutions => _executions.Values.Sum();

    /// <summary>What the scripts threw, connections cut by the client left out.</summary>
    public IReadOnlyCollection<Exception> Failures => _failures;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        foreach (ScriptedConnection connection in _open)
        {
            connection.Dispose();
        }

        await _accepting;
    }

    internal void CountExecution(string id) => _executions.AddOrUpdate(id, 1, static (_, n) => n + 1);

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

            _ = ServeAsync(socket, Interlocked.Increment(ref _connections) - 1);
        }
    }

    private async Task ServeAsync(Socket socket, int index)
    {
        socket.NoDelay = true;
        try
        {
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (_tls)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(s_certificate);
                stream = tls;
            }

            using var connection = new ScriptedConnection(this, socket, stream, index);
            _open.Add(connection);
            await _script(connection);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The client went away, or the test is over.
        }
        catch (Exception e)
        {
            _failures.Add(e);
        }
    }
}
