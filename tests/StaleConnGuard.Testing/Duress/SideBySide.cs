using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>
/// The same attack on a plain client and on a guarded one, each with a server of its own; says in what the guarded one comes off worse, if it does. Never worse means: what the
/// plain client is answered, the guarded one is answered, to the letter; where the plain one fails, the guarded one fails in the same way or has the honest answer; no request
/// that is not idempotent is executed more often than once; and it takes no longer.
/// </summary>
/// <param name="attack">What the server does.</param>
/// <param name="method">Of the request that it does it to.</param>
/// <param name="reused">On a connection that has carried a request.</param>
/// <param name="tls">Over TLS.</param>
/// <param name="sync">By <see cref="HttpClient.Send(HttpRequestMessage)"/>.</param>
public sealed class SideBySide(HostileAnswer attack, string method, bool reused, bool tls = false, bool sync = false)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <summary>How long either client waits for an answer.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The body of the request; null for none.</summary>
    public byte[]? Body { get; init; }

    /// <summary>What the plain client made of the attacked request.</summary>
    public ClientOutcome? Plain { get; private set; }

    /// <summary>What the guarded client made of it.</summary>
    public ClientOutcome? Guarded { get; private set; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{attack.Name}; {method}, {(reused ? "reused" : "new")}{(tls ? ", TLS" : "")}{(sync ? ", sync" : "")}");

    /// <summary>Runs both. In what the guarded client is worse, or null.</summary>
    public async Task<string?> CompareAsync()
    {
        Task<Sequence> plain = RunAsync(guarded: false);
        Task<Sequence> guarded = RunAsync(guarded: true);
        Sequence of = await plain;
        Sequence by = await guarded;
        Plain = of.Attacked;
        Guarded = by.Attacked;
        string? complaint = OutcomeComparison.Worse(of.Attacked, by.Attacked, "attacked") ?? (attack.BeforeRequest is null ? OutcomeComparison.Worse(of.After, by.After, "after") : null);
        int most = RepeatSafety.IsIdempotent(new HttpMethod(method)) ? Math.Max(of.Executions, 2) : Math.Max(1, Math.Min(of.Executions, 1));
        complaint ??= by.Executions > most ? $"executed {by.Executions} times, by the plain client {of.Executions}" : null;
        complaint ??= by.AfterExecutions > 1 ? $"the request after it executed {by.AfterExecutions} times" : null;
        return complaint is null ? null : $"{this}: {complaint}";
    }

    private async Task<Sequence> RunAsync(bool guarded)
    {
        bool done = false;
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(
            async connection =>
            {
                if (attack.BeforeRequest is string early)
                {
                    await connection.WriteAsync(early);
                }

                while (await connection.ReadRequestAsync(readBody: false) is ScriptedRequest request)
                {
                    bool attacks = request.Target == "/attacked" && (attack.IsAlways || !done);
                    if (!attacks || !attack.LeavesBody)
                    {
                        request = await connection.ReadBodyAsync(request);
                    }

                    if (attacks)
                    {
                        done = true;
                        try
                        {
                            await attack.Serve(connection, request);
                        }
                        finally
                        {
                            served.TrySetResult();
                        }
                    }
                    else
                    {
                        await connection.AnswerAsync(request, body: $"honest {request.Id}");
                    }
                }
            },
            tls);
        using var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using HttpMessageHandler handler = guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }, sockets, new KeepAliveLedger(), listener: null) : sockets;
        using var client = new HttpClient(handler, disposeHandler: false) { Timeout = Patience };
        if (reused)
        {
            _ = await SendAsync(client, server, "GET", "warm", null);
        }

        ClientOutcome attacked = await SendAsync(client, server, method, "attacked", Body);

        // What the server does behind its answer has come by then: else it would race with the request that follows, for either client.
        await Task.WhenAny(served.Task, Task.Delay(Patience));
        await Task.Delay(s_pause);
        ClientOutcome after = await SendAsync(client, server, "POST", "after", "body"u8.ToArray());
        return new Sequence(attacked, after, server.Executions.GetValueOrDefault("attacked"), server.Executions.GetValueOrDefault("after"));
    }

    private async Task<ClientOutcome> SendAsync(HttpClient client, ScriptedServer server, string method, string id, byte[]? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(server.Uri, id));
        request.Headers.Add("X-Request-Id", id);
        request.Content = body is null ? null : new ByteArrayContent(body);
        return await ClientOutcome.OfAsync(client, request, sync);
    }

    private sealed record Sequence(ClientOutcome Attacked, ClientOutcome After, int Executions, int AfterExecutions);
}
