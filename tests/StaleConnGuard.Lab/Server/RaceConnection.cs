using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace StaleConnGuard.Lab;

/// <summary>
/// One connection of a <see cref="RaceServer"/>. Its state is a number that two threads compete for: the reader makes it busy when a
/// request comes, the alarm clock makes it closed when it has been idle for too long. Whoever comes first wins.
/// </summary>
internal sealed class RaceConnection(Socket socket, int number, RaceServerOptions options, ExecutionLog executions) : IDisposable
{
    private const int Busy = 0;
    private const int Idle = 1;
    private const int Closed = 2;

    // Linux: IPPROTO_TCP, TCP_REPAIR.
    private const int TcpLevel = 6;
    private const int TcpRepair = 19;

    // Connected to nothing, ever. Stands in for a connection whose end must be one call.
    private static readonly Socket s_nothing = new(SocketType.Stream, ProtocolType.Tcp);

    private Stream? _stream;
    private int _state = Busy;
    private int _requests;

    public async Task ServeAsync()
    {
        try
        {
            _stream = await OpenAsync();
            var reader = new RequestReader(_stream, bytes => _stream.WriteAsync(bytes));
            while (await reader.ReadAsync(TryBecomeBusy) is { } request)
            {
                int execution = executions.Add(request.Id, new Execution(number, ++_requests));
                if (options.DiesOn?.Invoke(request.Id, execution) is true)
                {
                    return;
                }

                await _stream.WriteAsync(Response(request));
                if (request.WantsClose)
                {
                    Close();
                    return;
                }

                BecomeIdle();
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or AuthenticationException)
        {
            // The client went away, or the alarm clock closed the connection under the pending read.
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        socket.Dispose();
    }

    private async ValueTask<Stream> OpenAsync()
    {
        var plain = new NetworkStream(socket, ownsSocket: false);
        if (options.Certificate is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = options.Certificate });
        return secure;
    }

    private bool TryBecomeBusy() => Interlocked.CompareExchange(ref _state, Busy, Idle) != Closed;

    private void BecomeIdle()
    {
        long due = AlarmClock.After(Stopwatch.GetTimestamp(), options.IdleTimeout);
        int requests = _requests;
        Volatile.Write(ref _state, Idle);
        AlarmClock.Shared.Ring(due, () => CloseIfIdleSince(requests));
    }

    private void CloseIfIdleSince(int requests)
    {
        if (requests != Volatile.Read(ref _requests) || HasUnreadBytes())
        {
            return;
        }

        if (Interlocked.CompareExchange(ref _state, Closed, Idle) == Idle)
        {
            End();
        }
    }

    // A request that the kernel has acknowledged already is answered: closing on it would be a reset, not the race that is shown here.
    private bool HasUnreadBytes()
    {
        try
        {
            return socket.Available > 0;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }

    private void End()
    {
        if (options.IdleEnd is IdleEnd.Close)
        {
            Close();
            return;
        }

        try
        {
            if (options.IdleEnd is IdleEnd.Reset)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                // A socket that is closed under repair is gone without a packet; the kernel then resets what it knows nothing of.
                socket.SetRawSocketOption(TcpLevel, TcpRepair, BitConverter.GetBytes(1));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The client was faster.
        }

        socket.Dispose();
    }

    // With a read pending the runtime would close with a reset. A shutdown before it is a FIN, but between the two the kernel goes on acknowledging
    // what nobody will read, some ten microseconds long, and the close is a reset after all. So, where we can, the connection is closed beneath its socket.
    private void Close()
    {
        try
        {
            if (_stream is SslStream secure)
            {
                secure.ShutdownAsync().GetAwaiter().GetResult();
            }

            if (!TryCloseBeneath())
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The client was faster.
        }

        socket.Dispose();
    }

    private bool TryCloseBeneath() =>
        OperatingSystem.IsLinux() && Native.Replace((int)s_nothing.Handle, (int)socket.Handle, Native.OpenCloseOnExec) >= 0;

    private byte[] Response(RaceRequest request)
    {
        var head = new StringBuilder("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n");
        if (request.WantsClose)
        {
            _ = head.Append("Connection: close\r\n");
        }
        else if (options.AdvertisedTimeout is { } timeout)
        {
            _ = head.Append(CultureInfo.InvariantCulture, $"Connection: keep-alive\r\nKeep-Alive: timeout={(int)timeout.TotalSeconds}\r\n");
        }

        _ = head.Append("\r\n");
        if (request.Method != "HEAD")
        {
            _ = head.Append("ok\n");
        }

        return Encoding.ASCII.GetBytes(head.ToString());
    }
}
