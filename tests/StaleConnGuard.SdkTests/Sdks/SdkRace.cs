using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests.Sdks;

/// <summary>
/// A server that answers one request and closes that connection in the moment between the pool's look at it and the first byte of the next
/// request; every other connection answers everything. The factory's clients go there by connections that can be held in that moment.
/// </summary>
internal sealed class SdkRace : IAsyncDisposable
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SdkAnswer _answer;
    private bool _armed;

    public SdkRace(bool guarded, SdkAnswer answer)
    {
        _answer = answer;
        Server = new ScriptedServer(ServeAsync);
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
        {
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new HookedStream(context.PlaintextStream, BeforeWriteAsync)),
        }));
        if (guarded)
        {
            SdkSnippets.Register(services);
        }

        Services = services;
    }

    public ScriptedServer Server { get; }

    public Uri Uri => Server.Uri;

    public IServiceCollection Services { get; }

    /// <summary>Whether the connection was ended under a request.</summary>
    public bool Happened => _ended.Task.IsCompleted;

    /// <summary>From now on: the first write ends the connection that has answered.</summary>
    public void Arm() => Volatile.Write(ref _armed, true);

    public async ValueTask DisposeAsync()
    {
        _end.TrySetResult();
        await Server.DisposeAsync();
    }

    private async Task BeforeWriteAsync(int write)
    {
        if (Volatile.Read(ref _armed) && !_end.Task.IsCompleted)
        {
            _end.TrySetResult();
            await _ended.Task;
        }
    }

    private async Task ServeAsync(ScriptedConnection connection)
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            await connection.AnswerAsync(request, _answer.Status, _answer.Body, _answer.Headers);
            if (connection.Index == 0)
            {
                await _end.Task;
                await connection.EndAsync(Ending.Close);
                _ended.TrySetResult();
                return;
            }
        }
    }
}

/// <summary>What the service that an SDK is made for would answer.</summary>
internal sealed record SdkAnswer(string Body, int Status = 200, string Headers = "Content-Type: application/json\r\n");
