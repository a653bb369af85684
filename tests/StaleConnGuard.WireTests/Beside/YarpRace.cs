using System.Net;
using StaleConnGuard.Testing;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A destination that closes its first connection in the moment in which the next request leaves on it, made to happen every time; and the request.</summary>
internal sealed class YarpRace : IAsyncDisposable
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hooked;

    public YarpRace(Ending ending = Ending.Close) => Server = new ScriptedServer(connection => ServeAsync(connection, ending));

    public ScriptedServer Server { get; }

    public bool Happened => _ended.Task.IsCompleted;

    public int LastBody { get; private set; }

    public string? Why { get; private set; }

    /// <summary>However late the machine is: a connection that was idle for longer than 2 s is not taken for a POST, and then there is no race.</summary>
    public static void HoweverLate(StaleConnGuardOptions options) => options.KeepAlive.NonIdempotentMaxIdle = TimeSpan.FromMinutes(1);

    public void Hook(ForwarderHttpClientContext context, SocketsHttpHandler handler) => Hook(handler);

    public void Hook(SocketsHttpHandler handler) =>
        handler.PlaintextStreamFilter = (connection, _) => ValueTask.FromResult<Stream>(
            Interlocked.Increment(ref _hooked) == 1 ? new HookedStream(connection.PlaintextStream, BeforeWriteAsync) : connection.PlaintextStream);

    public Task<HttpStatusCode> RunAsync(YarpHost proxy, string method, int size) => RunAsync(proxy.Address, method, size);

    public async Task<HttpStatusCode> RunAsync(Uri proxy, string method, int size, bool waitForIt = true)
    {
        using var client = new HttpClient { BaseAddress = proxy };
        using (HttpResponseMessage warm = await client.GetAsync("/"))
        {
            warm.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await Task.Delay(150);
        if (!waitForIt)
        {
            _end.TrySetResult();
        }

        using var request = new HttpRequestMessage(new HttpMethod(method), "/") { Headers = { { "X-Request-Id", "raced" } } };
        request.Content = method == "GET" ? null : new ByteArrayContent(new byte[size]);
        using HttpResponseMessage response = await client.SendAsync(request);
        Why = response.Headers.TryGetValues("X-Why", out IEnumerable<string>? why) ? why.Single() : null;
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        _end.TrySetResult();
        await Server.DisposeAsync();
    }

    private async Task BeforeWriteAsync(int write)
    {
        if (write == 1)
        {
            _end.TrySetResult();
            await _ended.Task;
        }
    }

    private async Task ServeAsync(ScriptedConnection connection, Ending ending)
    {
        if (connection.Index == 0)
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await _end.Task;
            await connection.EndAsync(ending);
            _ended.TrySetResult();
            return;
        }

        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            LastBody = request.Body.Length;
            await connection.AnswerAsync(request);
        }
    }
}
