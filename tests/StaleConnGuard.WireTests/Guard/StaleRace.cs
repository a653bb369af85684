using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Guard;

/// <summary>How the server ends the connection in the moment before the raced request is written.</summary>
public enum Ending
{
    Close,
    Reset,
}

/// <summary>
/// The race, made to happen every time: a server that answers one request on its first connection and ends that connection in the moment
/// between the pool's look at it and the first byte of the next request. Every other connection answers everything.
/// </summary>
internal sealed class StaleRace : IAsyncDisposable
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StaleRace(bool guarded, bool tls = false, Ending ending = Ending.Close, StaleConnGuardOptions? options = null, Action<SocketsHttpHandler>? configure = null)
    {
        Server = new ScriptedServer(connection => ServeAsync(connection, ending), tls);
        int hooked = 0;
        var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(
                Interlocked.Increment(ref hooked) == 1 ? new HookedStream(context.PlaintextStream, BeforeWriteAsync) : context.PlaintextStream),
        };
        configure?.Invoke(handler);
        options ??= new StaleConnGuardOptions { Retry = { Enabled = false } };
        Client = new HttpClient(guarded ? StaleConnGuardHandler.Create(options, handler) : handler);
    }

    public ScriptedServer Server { get; }

    public HttpClient Client { get; }

    /// <summary>Whether the connection was really ended under a request.</summary>
    public bool Happened => _ended.Task.IsCompleted;

    /// <summary>Sends the first request, which leaves the connection in the pool.</summary>
    public async Task WarmUpAsync()
    {
        using HttpResponseMessage response = await Client.GetAsync(Server.Uri);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool sync = false)
    {
        request.RequestUri ??= Server.Uri;
        request.Headers.Add("X-Request-Id", "raced");
        return sync ? await Task.Run(() => Client.Send(request)) : await Client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        _end.TrySetResult();
        Client.Dispose();
        await Server.DisposeAsync();
        Server.Failures.ShouldBeEmpty();
    }

    private async Task BeforeWriteAsync(int write)
    {
        if (write != 1)
        {
            return;
        }

        _end.TrySetResult();
        await _ended.Task;
    }

    private async Task ServeAsync(ScriptedConnection connection, Ending ending)
    {
        if (connection.Index > 0)
        {
            await connection.AnswerAllAsync();
            return;
        }

        ScriptedRequest? first = await connection.ReadRequestAsync();
        await connection.AnswerAsync(first!);
        await _end.Task;
        if (ending is Ending.Close)
        {
            await connection.CloseAsync();
        }
        else
        {
            connection.Reset();
        }

        _ended.TrySetResult();
    }
}
