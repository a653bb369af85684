using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>scale-server</c>: says its port and serves until its input ends. <c>GET /hold/N</c> is answered when N such requests wait, so that N connections
/// are open at once; <c>GET /close</c> closes all others first. On every address of the machine: each of 127.0.0.0/8 is an origin of its own.
/// </summary>
internal sealed class HoldingServer
{
    public const string Command = "scale-server";

    private static readonly byte[] s_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray();

    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _connections = [];
    private TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;

    public static async Task<int> RunAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen(4_096);
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture));
        var server = new HoldingServer();
        _ = server.AcceptAsync(listener);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket connection = await listener.AcceptAsync();
            lock (_lock)
            {
                _connections.Add(connection);
            }

            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        byte[] buffer = new byte[1_024];
        try
        {
            // A request without a body that fits into one segment, as all are here, comes in one piece.
            while (await connection.ReceiveAsync(buffer) is > 0 and var count)
            {
                string path = Encoding.ASCII.GetString(buffer, 0, count).Split(' ')[1];
                await PrepareAsync(path, connection);
                await connection.SendAsync(s_response);
            }
        }
        catch (SocketException)
        {
            // The client is gone.
        }

        lock (_lock)
        {
            _connections.Remove(connection);
        }

        connection.Dispose();
    }

    private static void Close(Socket connection)
    {
        try
        {
            // Disposed under a pending read it would end with a reset, which the other side pays an exception for.
            connection.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Closed from the other side in this moment.
        }
    }

    private Task PrepareAsync(string path, Socket asking)
    {
        lock (_lock)
        {
            if (path == "/close")
            {
                foreach (Socket connection in _connections.Where(connection => connection != asking))
                {
                    Close(connection);
                }
            }

            if (!path.StartsWith("/hold/", StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource gate = _gate;
            if (++_waiting == int.Parse(path["/hold/".Length..], CultureInfo.InvariantCulture))
            {
                (_waiting, _gate) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                gate.SetResult();
            }

            return gate.Task;
        }
    }
}
