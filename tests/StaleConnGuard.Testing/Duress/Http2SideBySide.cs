using System.Globalization;
using System.Net;

namespace StaleConnGuard.Testing;

/// <summary>
/// An HTTP/2 server that cuts its answer off, on a plain client and on a guarded one, each with a server of its own; says in what the guarded one comes off worse, if it does, as
/// <see cref="SideBySide"/> does over HTTP/1.1.
/// </summary>
/// <param name="length">Bytes of the answer that go out.</param>
/// <param name="end">What comes behind them.</param>
/// <param name="method">Of the request.</param>
/// <param name="isAlways">It is done to the request on every connection, or once only.</param>
public sealed class Http2SideBySide(int length, HostileEnd end, string method, bool isAlways)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The honest answer to the request, which is cut off.</summary>
    public static byte[] AnswerTo(int stream) => RawHttp2Connection.Answer(stream, "honest attacked");

    /// <summary>What the plain client made of the attacked request.</summary>
    public ClientOutcome? Plain { get; private set; }

    /// <summary>What the guarded client made of it.</summary>
    public ClientOutcome? Guarded { get; private set; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"HTTP/2, {end} after {length} bytes{(isAlways ? "" : ", once")}; {method}");

    /// <summary>Runs both. In what the guarded client is worse, or null.</summary>
    public async Task<string?> CompareAsync()
    {
        Task<Sequence> plain = RunAsync(guarded: false);
        Task<Sequence> guarded = RunAsync(guarded: true);
        Sequence of = await plain;
        Sequence by = await guarded;
        Plain = of.Attacked;
        Guarded = by.Attacked;
        int most = RepeatSafety.IsIdempotent(new HttpMethod(method)) ? Math.Max(of.Received, 2) : 1;
        string? complaint = OutcomeComparison.Worse(Normalized(of.Attacked), Normalized(by.Attacked), "attacked")
            ?? OutcomeComparison.Worse(of.After, by.After, "after")
            ?? (by.Received > most ? $"received {by.Received} times, from the plain client {of.Received}" : null)
            ?? (by.AfterReceived != 1 ? $"the request after it received {by.AfterReceived} times" : null);
        return complaint is null ? null : $"{this}: {complaint}";
    }

    // A reset overtakes bytes that came before it, and whoever meets it first, the reader or the writer, takes its error: what is left of an answer, and what the failure is called, is
    // chance with either client.
    private ClientOutcome Normalized(ClientOutcome outcome) => end is HostileEnd.Reset && outcome.Failure is HttpRequestException { HttpRequestError: HttpRequestError.Unknown or HttpRequestError.ResponseEnded }
        ? outcome with { Text = "head: reset" }
        : outcome;

    private async Task<Sequence> RunAsync(bool guarded)
    {
        int done = 0;
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new RawHttp2Server(async connection =>
        {
            while (await connection.ReadRequestAsync() is RawHttp2Request request)
            {
                if (request.Id != "attacked" || (Interlocked.Increment(ref done) > 1 && !isAlways))
                {
                    await connection.AnswerAsync(request, $"honest {request.Id}");
                    continue;
                }

                await connection.WriteAsync(AnswerTo(request.Stream).AsMemory(0, length));
                served.TrySetResult();
                if (end is HostileEnd.Reset)
                {
                    connection.Reset();
                    return;
                }

                await connection.CloseAsync();
                return;
            }
        });
        using var sockets = new SocketsHttpHandler();
        using HttpMessageHandler handler = guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }, sockets, new KeepAliveLedger(), listener: null) : sockets;
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = s_patience };
        _ = await SendAsync(client, server, "GET", "warm");
        ClientOutcome attacked = await SendAsync(client, server, method, "attacked");

        // The end has come by then: else it would race with the request that follows, for either client.
        await Task.WhenAny(served.Task, Task.Delay(s_patience));
        await Task.Delay(s_pause);
        ClientOutcome after = await SendAsync(client, server, "POST", "after");
        return new Sequence(attacked, after, server.Received.GetValueOrDefault("attacked"), server.Received.GetValueOrDefault("after"));
    }

    private static async Task<ClientOutcome> SendAsync(HttpClient client, RawHttp2Server server, string method, string id)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("X-Request-Id", id);
        request.Content = method is "GET" or "HEAD" ? null : new ByteArrayContent("a body"u8.ToArray());
        return await ClientOutcome.OfAsync(client, request, sync: false);
    }

    private sealed record Sequence(ClientOutcome Attacked, ClientOutcome After, int Received, int AfterReceived);
}
