using System.Net;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>A running response is never cut, however long nothing comes: event streams, long polls, waiting with empty buffers.</summary>
public class RunningResponseTests
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(false, "Transfer-Encoding: chunked", "5\r\nhello\r\n", "5\r\nworld\r\n0\r\n\r\n")]
    [InlineData(true, "Content-Length: 10", "hello", "world")]
    [InlineData(false, "Connection: close", "hello", "world")]
    public async Task Response_SilentForLongerThanTheLimit_IsReadWhole(bool sync, string framing, string first, string second)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{first}");
            await Task.Delay(s_serverTimeout);
            await connection.WriteAsync(second);
            if (framing.Contains("close"))
            {
                await connection.CloseAsync();
            }
        });
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using HttpRequestMessage request = GuardedClient.Request("GET", server.Uri);
        using HttpResponseMessage response = await client.SendAsync(request, sync, HttpCompletionOption.ResponseHeadersRead);

        using var reader = new StreamReader(sync ? response.Content.ReadAsStream() : await response.Content.ReadAsStreamAsync());
        string body = sync ? await Task.Run(reader.ReadToEnd) : await reader.ReadToEndAsync();

        body.ShouldBe("helloworld");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Response_WaitedForWithEmptyBuffers_IsReadWhole(bool tls)
    {
        await using var server = new ScriptedServer(
            async connection =>
            {
                await connection.ReadRequestAsync();
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
                await Task.Delay(s_serverTimeout);
                await connection.WriteAsync("world");
            },
            tls);
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using HttpResponseMessage response = await client.Http.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead);
        Stream body = await response.Content.ReadAsStreamAsync();

        var received = new StringBuilder();
        byte[] buffer = new byte[5];
        while (received.Length < 10)
        {
            (await body.ReadAsync(Memory<byte>.Empty)).ShouldBe(0);
            received.Append(Encoding.ASCII.GetString(buffer, 0, await body.ReadAsync(buffer)));
        }

        received.ToString().ShouldBe("helloworld");
    }

    [Fact]
    public async Task Response_DisposedHalfRead_TheNextRequestGetsItsOwnAnswer()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n");
                await connection.WriteAsync(new string('x', 100));
                await connection.ReadRequestAsync();
            }
        });
        await using var next = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient();
        using (HttpResponseMessage half = await client.Http.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead))
        {
            Stream body = await half.Content.ReadAsStreamAsync();
            await body.ReadExactlyAsync(new byte[50]);
        }

        (await client.GetAsync(next.Uri)).ShouldBe("ok");
        using HttpResponseMessage again = await client.Http.GetAsync(server.Uri, HttpCompletionOption.ResponseHeadersRead);
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Connections.ShouldBe(2);
        client.Observer.StaleHits.ShouldBe(0);
    }

    [Fact]
    public async Task Request_AcknowledgedAndNotAnswered_WaitsAsLongAsTheCallerDoes()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync();
            await release.Task;
            await connection.AnswerAsync(request!);
        });
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        await client.GetAsync(server.Uri);

        Task<HttpResponseMessage> waiting = client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes"));
        await Task.Delay(2 * s_serverTimeout);
        waiting.IsCompleted.ShouldBeFalse();
        release.SetResult();

        using HttpResponseMessage response = await waiting;
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }
}
