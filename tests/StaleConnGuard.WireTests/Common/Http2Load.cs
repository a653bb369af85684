using System.Collections.Concurrent;
using System.Net;

namespace StaleConnGuard.WireTests.Common;

/// <summary>GETs and POSTs over HTTP/2, many at a time on shared connections, until it is stopped.</summary>
internal sealed class Http2Load : IDisposable
{
    // A server is away while it starts again, on a busy machine for seconds; what is repeated meanwhile is not what is tested.
    private static readonly StaleConnGuardOptions s_patient = new()
    {
        Retry = { MaxRetries = 10, BaseDelay = TimeSpan.FromMilliseconds(200), MaxDelay = TimeSpan.FromSeconds(2), Budget = { Ratio = 1, MinRetriesPerSecond = 100 } },
    };

    private readonly SocketsHttpHandler _sockets;
    private readonly HttpClient _client;
    private readonly Uri _uri;
    private int _connections;
    private int _sent;
    private int _cutBodies;

    public Http2Load(bool guarded, Uri uri)
    {
        _uri = uri;
        _sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        _sockets.PlaintextStreamFilter = (context, _) =>
        {
            Interlocked.Increment(ref _connections);
            return ValueTask.FromResult(context.PlaintextStream);
        };
        _client = new HttpClient(guarded ? StaleConnGuardHandler.Create(s_patient, _sockets, new KeepAliveLedger(), new RecordingObserver()) : _sockets);
    }

    public int Connections => Volatile.Read(ref _connections);

    public int Sent => Volatile.Read(ref _sent);

    public ConcurrentQueue<string> Posts { get; } = new();

    /// <summary>Exceptions, and statuses that are no success.</summary>
    public ConcurrentQueue<(HttpMethod Method, string Failure)> Failures { get; } = new();

    /// <summary>Responses that ended after their headers, as no client can repair them.</summary>
    public int CutBodies => Volatile.Read(ref _cutBodies);

    public IEnumerable<string> FailuresOf(HttpMethod method) => Failures.Where(failure => failure.Method == method).Select(failure => failure.Failure);

    public Task RunAsync(int workers, CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker, stop), CancellationToken.None)));

    public void Dispose() => _client.Dispose();

    private async Task WorkAsync(int worker, CancellationToken stop)
    {
        for (int i = worker; !stop.IsCancellationRequested; i++)
        {
            string id = Guid.NewGuid().ToString("N");
            using HttpRequestMessage request = i % 2 == 0 ? GuardedClient.Request("GET", _uri, "none", id) : GuardedClient.Request("POST", _uri, "bytes", id);
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            if (request.Method == HttpMethod.Post)
            {
                Posts.Enqueue(id);
            }

            _ = Interlocked.Increment(ref _sent);
            try
            {
                using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
                if (!response.IsSuccessStatusCode)
                {
                    Failures.Enqueue((request.Method, response.StatusCode.ToString()));
                }

                await ReadAsync(response);
            }
            catch (HttpRequestException e)
            {
                Failures.Enqueue((request.Method, $"{e.HttpRequestError}: {e.GetBaseException().Message}"));
            }

            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task ReadAsync(HttpResponseMessage response)
    {
        try
        {
            _ = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
        }
        catch (HttpRequestException)
        {
            _ = Interlocked.Increment(ref _cutBodies);
        }
    }
}
