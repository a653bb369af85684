using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// A client with a ledger and an observer of its own, so that what one test's server does is no other test's knowledge, and with a hook
/// before each write: there a test ends connections in the very moment between the pool's look and the first byte. Retries are off.
/// </summary>
internal sealed class GuardedClient : IDisposable
{
    private int _connections;

    public GuardedClient(bool guarded = true, TimeSpan? serverTimeout = null, Action<SocketsHttpHandler>? configure = null, Action<StaleConnGuardOptions>? options = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, EphemeralPorts? ports = null, TimeProvider? time = null)
    {
        Sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        Sockets.PlaintextStreamFilter = (context, _) =>
        {
            if (context.InitialRequestMessage.Method == HttpMethod.Connect && Sockets.Proxy is not null)
            {
                return ValueTask.FromResult(context.PlaintextStream);
            }

            int connection = Interlocked.Increment(ref _connections) - 1;
            return ValueTask.FromResult<Stream>(BeforeWrite is null
                ? context.PlaintextStream
                : new HookedStream(context.PlaintextStream, write => BeforeWrite(connection, write)));
        };
        Ledger = new KeepAliveLedger(time ?? TimeProvider.System);
        configure?.Invoke(Sockets);
        var chosen = new StaleConnGuardOptions { Retry = { Enabled = false }, KeepAlive = { ServerTimeout = serverTimeout } };
        options?.Invoke(chosen);
        Handler = guarded ? StaleConnGuardHandler.Create(chosen, Sockets, Ledger, new HandlerServices(loggers: null, meters: null, time, Ledger, Observer) { ResolveName = resolve, Ports = ports ?? EphemeralPorts.OfSystem }) : Sockets;
        Http = new HttpClient(Handler, disposeHandler: false);
    }

    public SocketsHttpHandler Sockets { get; }

    public HttpMessageHandler Handler { get; }

    public HttpClient Http { get; }

    public RecordingObserver Observer { get; } = new();

    public KeepAliveLedger Ledger { get; }

    /// <summary>Runs before write n of connection c, both counted from 0. Set it before the first request.</summary>
    public Func<int, int, Task>? BeforeWrite { get; set; }

    public async Task<string> GetAsync(Uri uri)
    {
        using HttpResponseMessage response = await Http.GetAsync(uri);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    /// <summary>Sends on whichever path is asked for; <see cref="HttpClient.Send(HttpRequestMessage)"/> from a thread of its own.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool sync = false, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead, CancellationToken cancellationToken = default) =>
        sync ? Task.Factory.StartNew(() => Http.Send(request, completion, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default) : Http.SendAsync(request, completion, cancellationToken);

    /// <summary>A request with an id that a scripted server counts by.</summary>
    public static HttpRequestMessage Request(string method, Uri uri, string body = "none", string id = "raced")
    {
        HttpRequestMessage request = ReplayTests.Request(method, body);
        request.RequestUri = uri;
        request.Headers.Add("X-Request-Id", id);
        return request;
    }

    public void Dispose()
    {
        Http.Dispose();
        Handler.Dispose();
        Observer.Breaches.ShouldBeEmpty();
    }
}
