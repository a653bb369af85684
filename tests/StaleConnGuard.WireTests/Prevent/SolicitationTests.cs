using System.Collections.Concurrent;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary><c>Connection: keep-alive</c> is put on the wire once a connection, and what the server answers to it holds for every request after.</summary>
public class SolicitationTests
{
    private readonly ConcurrentQueue<ScriptedRequest> _requests = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Connection_FirstRequestOnly_AsksAndTheMessageIsUntouched(bool tls, bool sync)
    {
        await using var server = new ScriptedServer(RecordAsync, tls);
        using var client = new GuardedClient();
        using HttpRequestMessage first = GuardedClient.Request("POST", server.Uri, "bytes");

        (await client.SendAsync(first, sync)).Dispose();
        (await client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes"), sync)).Dispose();

        first.Headers.NonValidated.Contains("Connection").ShouldBeFalse();
        server.Connections.ShouldBe(1);
        Asked().ShouldBe(["keep-alive", null]);
        _requests.Select(r => r.Body).ShouldAllBe(body => body.SequenceEqual(_requests.First().Body) && body.Length > 0);
    }

    [Fact]
    public async Task Advertisement_OnTheFirstResponseOnly_StaysKnown()
    {
        // As Apache httpd does it: only who asks is told.
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                _requests.Enqueue(request);
                await connection.AnswerAsync(request, headers: request.Headers.ContainsKey("Connection") ? "Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n" : "");
            }
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        await client.GetAsync(server.Uri);

        OriginKeepAlive known = client.Ledger.Snapshot().Single();
        known.Advertised.ShouldBe(TimeSpan.FromSeconds(5));
        known.LimitSource.ShouldBe(KeepAliveLimitSource.Advertised);
        server.Connections.ShouldBe(1);
        Asked().ShouldBe(["keep-alive", null]);
    }

    [Fact]
    public async Task Request_WithAConnectionHeaderOfItsOwn_IsSentAsItIs()
    {
        await using var server = new ScriptedServer(RecordAsync);
        using var client = new GuardedClient();
        using HttpRequestMessage request = GuardedClient.Request("GET", server.Uri);
        request.Headers.Connection.Add("X-Hop");

        (await client.SendAsync(request)).Dispose();

        Asked().ShouldBe(["X-Hop"]);
    }

    [Fact]
    public async Task Option_Off_AsksNever()
    {
        await using var server = new ScriptedServer(RecordAsync);
        using var client = new GuardedClient(options: options => options.KeepAlive.SolicitHint = false);

        await client.GetAsync(server.Uri);

        Asked().ShouldBe([null]);
    }

    private string?[] Asked() => [.. _requests.Select(request => request.Headers.GetValueOrDefault("Connection"))];

    private async Task RecordAsync(ScriptedConnection connection)
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            _requests.Enqueue(request);
            await connection.AnswerAsync(request);
        }
    }
}
