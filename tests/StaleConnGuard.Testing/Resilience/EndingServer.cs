using System.Net.Sockets;

namespace StaleConnGuard.Testing.Resilience;

/// <summary>A scripted server that ends its newest connection when it is told to, and otherwise does one thing to every request.</summary>
public sealed class EndingServer : IAsyncDisposable
{
    private readonly ScriptedServer _server;
    private readonly Ending _ending;
    private readonly ServerBehaviour _behaviour;
    private volatile Newest? _newest;

    public EndingServer(Ending ending, ServerBehaviour behaviour = ServerBehaviour.ClosesAsTaken)
    {
        _ending = ending;
        _behaviour = behaviour;
        _server = new ScriptedServer(ServeAsync);
    }

    public Uri Uri => _server.Uri;

    public int Executions(string id) => _server.Executions.GetValueOrDefault(id);

    /// <summary>Requests that were executed more than once.</summary>
    public int ExecutedTwice => _server.Executions.Values.Count(n => n > 1);

    /// <summary>Ends the newest connection; completed when that is done.</summary>
    public async Task EndAsync()
    {
        if (_newest is Newest newest)
        {
            newest.End.TrySetResult();
            await newest.Ended.Task;
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(ScriptedConnection connection)
    {
        var newest = new Newest();
        _newest = newest;
        try
        {
            while (true)
            {
                Task<ScriptedRequest?> reading = connection.ReadRequestAsync();
                if (await Task.WhenAny(reading, newest.End.Task) != reading)
                {
                    await EndAsync(connection, reading);
                    return;
                }

                if (await reading is not ScriptedRequest request)
                {
                    return;
                }

                if (_behaviour is ServerBehaviour.ExecutesAndResets)
                {
                    connection.Execute(request);
                    connection.Reset();
                    return;
                }

                if (_behaviour is ServerBehaviour.Answers503)
                {
                    // Turned away, so not executed.
                    await connection.WriteAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
                    continue;
                }

                await connection.AnswerAsync(request);
            }
        }
        finally
        {
            newest.Ended.TrySetResult();
        }
    }

    private async Task EndAsync(ScriptedConnection connection, Task reading)
    {
        if (_ending is Ending.Reset)
        {
            connection.Reset();
        }
        else
        {
            // A shutdown first: with a read pending the runtime would close with a reset.
            connection.Socket.Shutdown(SocketShutdown.Send);
            connection.Socket.Close();
        }

        try
        {
            await reading;
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // It was pending when the connection was ended.
        }
    }

    private sealed class Newest
    {
        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
