using System.Net.Security;
using System.Net.Sockets;

namespace StaleConnGuard.Testing;

/// <summary>
/// What a scripted server does to make a soak interesting: idle timeouts of tens of milliseconds, ends in good order and with resets while idle, after
/// reading and after executing, interim responses, answers in pieces. Every choice comes from a seed and the number of the connection.
/// </summary>
public static class HostileServer
{
    public static ScriptedServer Start(int seed, bool tls = false) => new(connection => ServeAsync(connection, new Random((seed * 7919) + connection.Index)), tls);

    private static async Task ServeAsync(ScriptedConnection connection, Random random)
    {
        for (int requests = 0; ; requests++)
        {
            // A connection that has just been made may wait for its first request until the machine comes round to it.
            int patience = requests == 0 ? 10_000 : random.Next(20, 120);
            Task<ScriptedRequest?> reading = connection.ReadRequestAsync();
            if (await Task.WhenAny(reading, Task.Delay(patience)) != reading)
            {
                await EndAsync(connection, random.Next(4) == 0);
                await IgnoreAsync(reading);
                return;
            }

            if (await reading is not ScriptedRequest request)
            {
                return;
            }

            switch (random.Next(60))
            {
                case 0:
                    connection.Execute(request);
                    await EndAsync(connection, reset: false);
                    return;
                case 1:
                    connection.Execute(request);
                    await EndAsync(connection, reset: true);
                    return;
                case 2:
                    await EndAsync(connection, reset: true);
                    return;
                case 3:
                    await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
                    await AnswerAsync(connection, request);
                    break;
                default:
                    await AnswerAsync(connection, request);
                    break;
            }
        }
    }

    private static async Task AnswerAsync(ScriptedConnection connection, ScriptedRequest request)
    {
        connection.Execute(request);
        await connection.WriteAsync($"HTTP/1.1 200 OK\r\nX-Request-Id: {request.Id}\r\nContent-Length: {request.Body.Length}\r\n\r\n");
        await connection.Stream.WriteAsync(request.Body);
    }

    // A shutdown first: with a read pending the runtime would close with a reset.
    private static async Task EndAsync(ScriptedConnection connection, bool reset)
    {
        if (reset)
        {
            connection.Reset();
            return;
        }

        if (connection.Stream is SslStream tls)
        {
            await tls.ShutdownAsync();
        }

        connection.Socket.Shutdown(SocketShutdown.Send);
        connection.Socket.Close();
    }

    private static async Task IgnoreAsync(Task reading)
    {
        try
        {
            await reading;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // It was pending when the connection was ended.
        }
    }
}
