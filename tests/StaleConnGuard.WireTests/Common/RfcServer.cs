using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>What the server does to a connection instead of answering. It has read, and executed, the request each time.</summary>
public enum Fault
{
    CloseAfterReading,
    ResetAfterReading,
    HalfHeaderThenClose,
    HalfHeaderThenReset,
    InterimThenClose,
}

/// <summary>Commits a fault on the first connection (after one good answer, if the connection is to be a reused one), and answers on all others.</summary>
internal sealed class RfcServer : IAsyncDisposable
{
    private readonly Fault _fault;
    private readonly bool _reused;
    private readonly bool _always;

    public RfcServer(Fault fault, bool reused = true, bool always = false, bool tls = false, Action<RetryOptions>? configure = null, Action<ReplayOptions>? replay = null)
    {
        _fault = fault;
        _reused = reused;
        _always = always;
        Server = new ScriptedServer(ServeAsync, tls);
        Client = RetryClient.Create(configure, replay, new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
    }

    public ScriptedServer Server { get; }

    public HttpClient Client { get; }

    public int Executions => Server.Executions.GetValueOrDefault("raced");

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool sync = false)
    {
        if (_reused)
        {
            using HttpResponseMessage warm = await Client.GetAsync(Server.Uri);
            warm.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        request.RequestUri ??= Server.Uri;
        request.Headers.Add("X-Request-Id", "raced");
        return await Client.SendAsync(request, sync);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Server.Failures.ShouldBeEmpty();
    }

    private async Task ServeAsync(ScriptedConnection connection)
    {
        if (connection.Index > 0 && !_always)
        {
            await connection.AnswerAllAsync();
            return;
        }

        if (_reused && connection.Index == 0)
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
        }

        if (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            connection.Execute(request);
            await CommitAsync(connection);
        }
    }

    private async Task CommitAsync(ScriptedConnection connection)
    {
        switch (_fault)
        {
            case Fault.CloseAfterReading:
                await connection.CloseAsync();
                break;
            case Fault.ResetAfterReading:
                connection.Reset();
                break;
            case Fault.InterimThenClose:
                await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
                await connection.CloseAsync();
                break;
            default:
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Le");
                if (_fault is Fault.HalfHeaderThenReset)
                {
                    // A reset may overtake what was written: only once the client has taken it is the header half there.
                    connection.Reset();
                    break;
                }

                await connection.CloseAsync();
                break;
        }
    }
}
