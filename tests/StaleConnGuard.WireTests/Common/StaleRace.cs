using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// The race, made to happen every time: a server that answers one request on its first connection and ends that connection in the moment
/// between the pool's look at it and the first byte of the next request. Every other connection answers everything.
/// </summary>
internal sealed class StaleRace : IAsyncDisposable
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Func<Task>? _thenAwait;
    private readonly Uri? _target;

    public StaleRace(bool guarded, bool tls = false, Ending ending = Ending.Close, StaleConnGuardOptions? options = null, Action<SocketsHttpHandler>? configure = null, Action<ScriptedRequest>? onRequest = null, bool viaProxy = false, Func<Task>? thenAwait = null, HttpClientHandler? around = null, Func<HttpMessageHandler, HttpClient>? make = null)
    {
        _thenAwait = thenAwait;
        Server = new ScriptedServer(connection => ServeAsync(connection, ending, onRequest), tls);
        int hooked = 0;
        SocketsHttpHandler handler = around is null ? new SocketsHttpHandler() : UnderlyingHandler.Of(around)!;
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(
            context.InitialRequestMessage.Method != HttpMethod.Connect && Interlocked.Increment(ref hooked) == 1 ? new HookedStream(context.PlaintextStream, BeforeWriteAsync) : context.PlaintextStream);
        if (viaProxy)
        {
            // The server plays the proxy of some other origin.
            handler.Proxy = new WebProxy(Server.Uri);
            _target = new Uri("http://origin.test/");
        }

        configure?.Invoke(handler);
        options ??= new StaleConnGuardOptions { Retry = { Enabled = false } };
        HttpMessageHandler outer = around is null ? handler : around;
        Client = !guarded ? new HttpClient(outer) : make is not null ? make(outer) : new HttpClient(StaleConnGuardHandler.Create(options, outer));
    }

    public ScriptedServer Server { get; }

    /// <summary>What requests are sent to.</summary>
    public Uri Target => _target ?? Server.Uri;

    public HttpClient Client { get; }

    /// <summary>Whether the connection was really ended under a request.</summary>
    public bool Happened => _ended.Task.IsCompleted;

    /// <summary>Sends the first request, which leaves the connection in the pool.</summary>
    public async Task WarmUpAsync()
    {
        using HttpResponseMessage response = await Client.GetAsync(Target);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool sync = false)
    {
        request.RequestUri ??= Target;
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
        if (_thenAwait is not null)
        {
            await _thenAwait();
        }
    }

    private async Task ServeAsync(ScriptedConnection connection, Ending ending, Action<ScriptedRequest>? onRequest)
    {
        if (connection.Index > 0)
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                onRequest?.Invoke(request);
                await connection.AnswerAsync(request);
            }

            return;
        }

        ScriptedRequest? first = await connection.ReadRequestAsync();
        await connection.AnswerAsync(first!);
        await _end.Task;
        await connection.EndAsync(ending);
        _ended.TrySetResult();
    }
}
