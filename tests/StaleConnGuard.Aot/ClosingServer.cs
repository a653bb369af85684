using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Aot;

/// <summary>Answers every request; when armed, it closes the connection that has answered before the next request reaches it.</summary>
internal sealed class ClosingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private volatile Socket? _answered;
    private int _armed;
    private int _executed;
    private int _raced;

    public ClosingServer()
    {
        _listener.Start();
        Uri = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _ = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Executed => Volatile.Read(ref _executed);

    public int Raced => Volatile.Read(ref _raced);

    public void Reset()
    {
        _answered = null;
        Volatile.Write(ref _executed, 0);
        Volatile.Write(ref _raced, 0);
    }

    public void Arm() => Volatile.Write(ref _armed, 1);

    /// <summary>What a connection of the client says before it writes.</summary>
    public async Task BeforeWriteAsync()
    {
        if (_answered is not Socket socket || Interlocked.Exchange(ref _armed, 0) == 0)
        {
            return;
        }

        Interlocked.Increment(ref _raced);
        while (socket.Connected)
        {
            await Task.Delay(1);
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket = await _listener.AcceptSocketAsync();
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        var read = new StringBuilder();
        while (true)
        {
            // No receive may be pending when the socket is closed.
            while (!socket.Poll(0, SelectMode.SelectRead))
            {
                if (ReferenceEquals(_answered, socket) && Raced == 1)
                {
                    socket.Close();
                    return;
                }

                await Task.Delay(1);
            }

            int count = await socket.ReceiveAsync(buffer);
            if (count == 0)
            {
                socket.Close();
                return;
            }

            read.Append(Encoding.ASCII.GetString(buffer, 0, count));
            if (!read.ToString().EndsWith("order", StringComparison.Ordinal))
            {
                continue;
            }

            read.Clear();
            Interlocked.Increment(ref _executed);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            _answered ??= socket;
        }
    }
}
