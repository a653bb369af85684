using System.Collections.Concurrent;
using System.Net;

namespace StaleConnGuard.RuntimeTests;

/// <summary>The bare runtime: a handler without the guard, whose connections note what is done to them and in whose context.</summary>
internal sealed class TappedClient : IDisposable
{
    private static readonly AsyncLocal<string?> s_sender = new();

    private readonly HttpMessageInvoker _invoker;
    private readonly ConcurrentQueue<TappedConnection> _connections = new();
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    public TappedClient(Action<SocketsHttpHandler>? configure = null)
    {
        Handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        configure?.Invoke(Handler);
        Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>? filter = Handler.PlaintextStreamFilter;
        Handler.PlaintextStreamFilter = async (context, cancellationToken) =>
        {
            Stream stream = filter is null ? context.PlaintextStream : await filter(context, cancellationToken);
            var connection = new TappedConnection(stream, this, Interlocked.Increment(ref _count) - 1);
            OnConnected?.Invoke(connection);
            _connections.Enqueue(connection);
            return connection;
        };
        _invoker = new HttpMessageInvoker(Handler);
    }

    /// <summary>The request that the running code belongs to, as the guard's exchanges are found.</summary>
    public static string? Sender => s_sender.Value;

    public SocketsHttpHandler Handler { get; }

    public IReadOnlyList<TappedConnection> Connections => [.. _connections];

    public Action<TappedConnection>? OnConnected { get; set; }

    public Task<HttpResponseMessage> SendAsync(string sender, HttpRequestMessage request, bool sync = false) =>
        sync ? Task.Factory.StartNew(() => Send(sender, request), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default) : SendInContextAsync(sender, request);

    /// <summary>Sends, and reads the answer to its end.</summary>
    public async Task<HttpStatusCode> ExchangeAsync(string sender, HttpRequestMessage request, bool sync = false)
    {
        using HttpResponseMessage response = await SendAsync(sender, request, sync);
        _ = await response.Content.ReadAsByteArrayAsync();
        return response.StatusCode;
    }

    public Task<HttpStatusCode> GetAsync(string sender, Uri address, bool sync = false) => ExchangeAsync(sender, new HttpRequestMessage(HttpMethod.Get, address), sync);

    /// <summary>Waits until a connection was treated so.</summary>
    public async Task SeenAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            Task changed = _changed.Task;
            if (condition())
            {
                return;
            }

            // What is asked for need not be a call on a stream.
            await Task.WhenAny(changed, Task.Delay(50, CancellationToken.None));
            patience.IsCancellationRequested.ShouldBeFalse(what);
        }
    }

    public void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    public void Dispose() => _invoker.Dispose();

    private HttpResponseMessage Send(string sender, HttpRequestMessage request)
    {
        s_sender.Value = sender;
        return _invoker.Send(request, CancellationToken.None);
    }

    private async Task<HttpResponseMessage> SendInContextAsync(string sender, HttpRequestMessage request)
    {
        s_sender.Value = sender;
        return await _invoker.SendAsync(request, CancellationToken.None);
    }
}
