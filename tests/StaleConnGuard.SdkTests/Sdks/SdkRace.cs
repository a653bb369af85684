using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>
/// A server that answers everything, and once ends a connection that has answered, in the moment between the pool's look at it and the first
/// byte of the next request. The factory's clients go there by connections that can be held in that moment.
/// </summary>
internal sealed class SdkRace : IAsyncDisposable
{
    /// <summary>A connection is back in the pool when its response has been read, which an SDK may do after it has returned.</summary>
    private const int Patience = 100;

    private readonly ConcurrentDictionary<int, HeldConnection> _connections = new();
    private readonly SdkAnswer _answer;
    private readonly bool _guarded;
    private int _armed;

    public SdkRace(bool guarded, SdkAnswer answer)
    {
        _answer = answer;
        _guarded = guarded;
        Server = new ScriptedServer(ServeAsync);
        Services = new ServiceCollection();
        Services.AddHttpClient();
        Hold(Services);
        if (guarded)
        {
            SdkSnippets.Register(Services);
        }
    }

    public ScriptedServer Server { get; }

    public Uri Uri => Server.Uri;

    public IServiceCollection Services { get; }

    /// <summary>Whether a connection was ended under a request.</summary>
    public bool Happened { get; private set; }

    /// <summary>Makes the connections of these clients such that can be held, whatever an SDK's own registration says of its primary handler.</summary>
    public void Hold(IServiceCollection services) => services.PostConfigureAll<HttpClientFactoryOptions>(o => o.HttpMessageHandlerBuilderActions.Add(chain => chain.PrimaryHandler = new SocketsHttpHandler
    {
        PlaintextStreamFilter = (context, _) =>
        {
            int port = ((IPEndPoint)((NetworkStream)context.PlaintextStream).Socket.LocalEndPoint!).Port;
            return ValueTask.FromResult<Stream>(new HookedStream(context.PlaintextStream, write => BeforeWriteAsync(port, write)));
        },
    }));

    /// <summary>What the application registers. What guards one client in it is taken back where nothing is to be guarded.</summary>
    public void Register(Action<IServiceCollection, Uri>? register)
    {
        register?.Invoke(Services, Uri);
        if (!_guarded && Services.Any(service => service.ServiceType == typeof(IKeepAliveLedger)))
        {
            Services.AddHttpClient("blobs").RemoveStaleConnGuard();
        }
    }

    /// <summary>Calls until a connection was ended under a call. How that one failed, and how often the server executed it.</summary>
    public async Task<(Exception? Failure, int Executed)> RunAsync(Func<Task> call)
    {
        await call();
        Volatile.Write(ref _armed, 1);
        for (int i = 0; i < Patience && !Happened; i++)
        {
            int before = Server.TotalExecutions;
            Exception? failure = await Record.ExceptionAsync(call);
            if (Happened)
            {
                return (failure, Server.TotalExecutions - before);
            }

            failure.ShouldBeNull();
        }

        throw new InvalidOperationException("No connection was used twice: the race never happened, which proves nothing.");
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private async Task BeforeWriteAsync(int port, int write)
    {
        if (write > 0 && _connections.TryGetValue(port, out HeldConnection? held) && held.HasAnswered && Interlocked.Exchange(ref _armed, 0) == 1)
        {
            held.End.TrySetResult();
            await held.Ended.Task;
            Happened = true;
        }
    }

    private async Task ServeAsync(ScriptedConnection connection)
    {
        var held = new HeldConnection();
        _connections[((IPEndPoint)connection.Socket.RemoteEndPoint!).Port] = held;
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            await connection.AnswerAsync(request, _answer.Status, _answer.Body, _answer.Headers);
            held.HasAnswered = true;

            // No read may be pending when the socket is closed: that would make a reset of it.
            while (!connection.Socket.Poll(0, SelectMode.SelectRead))
            {
                if (held.End.Task.IsCompleted)
                {
                    await connection.EndAsync(Ending.Close);
                    held.Ended.TrySetResult();
                    return;
                }

                await Task.Delay(1);
            }
        }
    }

    private sealed class HeldConnection
    {
        public TaskCompletionSource End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public volatile bool HasAnswered;
    }
}

/// <summary>What the service that an SDK is made for would answer.</summary>
internal sealed record SdkAnswer(string Body, int Status = 200, string Headers = "Content-Type: application/json\r\n");
