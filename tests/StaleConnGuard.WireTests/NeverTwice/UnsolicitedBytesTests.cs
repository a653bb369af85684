using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>Bytes nobody asked for on an idle connection are dropped with it and never taken for the answer to the next request (RFC 9112 9.2).</summary>
public class UnsolicitedBytesTests
{
    private const string Poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

    [Theory]
    [InlineData("GET", "none", false)]
    [InlineData("POST", "bytes", false)]
    [InlineData("POST", "none", true)]
    public async Task Bytes_BeforeTheConnectionIsTaken_AreNeverTheAnswer(string method, string body, bool sync)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer server = Poisoning(Task.CompletedTask, written);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        await written.Task;

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync);

        (await response.Content.ReadAsStringAsync()).ShouldBe("ok");
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(2);
    }

    [Theory]
    [InlineData("GET", "none")]
    [InlineData("POST", "one-shot")]
    public async Task Bytes_AfterTheLookAndBeforeTheFirstWrite_AreNeverTheAnswer(string method, string body)
    {
        var poison = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer server = Poisoning(poison.Task, written);

        // Credentials are asked for between the look and the write: where an application's own code has its say. A pause there lets the bytes arrive.
        using var client = new GuardedClient(configure: h => h.RequestHeaderEncodingSelector = (_, request) =>
        {
            if (request.Headers.Contains("X-Request-Id"))
            {
                poison.TrySetResult();
                written.Task.Wait();
                Task.Delay(50).Wait();
            }

            return null;
        });
        await client.GetAsync(server.Uri);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body));

        written.Task.IsCompleted.ShouldBeTrue();
        (await response.Content.ReadAsStringAsync()).ShouldBe("ok");
        server.Executions["raced"].ShouldBe(1);
        client.Observer.Refusals.ShouldBe([RefusalReason.Closed]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bytes_OnAConnectionTakenByARedirect_AreNeverTheAnswer(bool guarded)
    {
        var poison = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer target = Poisoning(poison.Task, written);
        await using var origin = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 307 Redirect\r\nLocation: {target.Uri}\r\nContent-Length: 0\r\n\r\n");
        });
        using var client = new GuardedClient(guarded, configure: h => h.RequestHeaderEncodingSelector = (_, request) =>
        {
            if (request.Headers.Contains("X-Request-Id") && request.RequestUri == target.Uri)
            {
                poison.TrySetResult();
                written.Task.Wait();
                Task.Delay(50).Wait();
            }

            return null;
        });
        await client.GetAsync(target.Uri);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("GET", origin.Uri));

        written.Task.IsCompleted.ShouldBeTrue();
        (await response.Content.ReadAsStringAsync()).ShouldBe(guarded ? "ok" : "poison");
    }

    [Theory]
    [InlineData("timeout=0")]
    [InlineData("timeout=1")]
    [InlineData("timeout=1, max=100")]
    [InlineData("timeout=\"1\"")]
    public async Task KeepAlive_NextToNothing_TheNextRequestGetsAFreshConnection(string hint)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, headers: $"Keep-Alive: {hint}\r\n");
            }
        });
        using var client = new GuardedClient();
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes"));
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            if (hint.Contains('"'))
            {
                return;
            }
        }

        server.Connections.ShouldBe(3);
        client.Observer.StaleHits.ShouldBe(0);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("max=5")]
    [InlineData("timeout")]
    [InlineData("timeout=")]
    [InlineData("timeout=-3")]
    [InlineData("timeout=99999999999999999999")]
    [InlineData("timeout=abc, timeout=7")]
    public async Task KeepAlive_Garbage_HarmsNothing(string hint)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, headers: $"Keep-Alive: {hint}\r\n");
            }
        });
        using var client = new GuardedClient();

        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
    }

    /// <summary>The first connection answers one request and then writes a response nobody asked for; the others behave.</summary>
    private static ScriptedServer Poisoning(Task when, TaskCompletionSource written) => new(async connection =>
    {
        if (connection.Index == 0)
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await when;
            await connection.WriteAsync(Poison);
            written.SetResult();
            await connection.ReadRequestAsync();
            return;
        }

        await connection.AnswerAllAsync();
    });
}
