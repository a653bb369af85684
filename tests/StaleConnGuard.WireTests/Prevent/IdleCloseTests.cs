using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Only the close of an idle connection is an observation of the server's timeout: not an answer that was cut off, nor one that ends with its connection.</summary>
public class IdleCloseTests
{
    [Theory]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", true)]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true)]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", false)]
    public async Task Connection_EndsWithItsAnswer_IsNoIdleClose(string method, string answer, bool isCutOff)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(answer);
            await Task.Delay(100);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient();

        Task<HttpResponseMessage> sending = client.SendAsync(GuardedClient.Request(method, server.Uri));
        if (isCutOff)
        {
            await Should.ThrowAsync<HttpRequestException>(sending);
        }
        else
        {
            using HttpResponseMessage response = await sending;
        }

        Known(client, server).IdleCloses.ShouldBe(0);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("GET", "HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\n\r\n")]
    public async Task Connection_ClosedWhileIdle_IsAnIdleClose(string method, string answer)
    {
        OriginKeepAlive known = await CloseWhileIdleAsync(method, answer);
        for (int again = 0; known.StaleHits > 0 && again < 5; again++)
        {
            // A busy kernel hands a FIN on late, over loopback too: then the second request was on its way.
            known = await CloseWhileIdleAsync(method, answer);
        }

        known.IdleCloses.ShouldBe(1, known.ToString());
    }

    /// <summary>The runtime takes the length away with the encoding; the connection outlives the answer all the same.</summary>
    [Fact]
    public async Task Connection_ClosedWhileIdleAfterABodyThatWasUnpacked_IsAnIdleClose()
    {
        OriginKeepAlive known = await CloseAfterUnpackingAsync();
        for (int again = 0; known.IdleCloses == 0 && again < 5; again++)
        {
            // The FIN was late, as above: the connection was still open when it was disposed.
            known = await CloseAfterUnpackingAsync();
        }

        known.IdleCloses.ShouldBe(1, known.ToString());
    }

    private static async Task<OriginKeepAlive> CloseAfterUnpackingAsync()
    {
        byte[] packed = [0x78, 0x9C, 0xCB, 0xCF, 0x06, 0x00, 0x01, 0x4B, 0x00, 0xDB];
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync($"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {packed.Length}\r\n\r\n");
            await connection.Stream.WriteAsync(packed);
            await Task.Delay(100);
            await connection.CloseAsync();
            closed.TrySetResult();
        });
        using var client = new GuardedClient(configure: handler => handler.AutomaticDecompression = DecompressionMethods.All);
        (await client.GetAsync(server.Uri)).ShouldBe("ok");

        // The pool has not looked at the connection by then: nothing but its last answer says that it was idle.
        await closed.Task;
        client.Dispose();
        return Known(client, server);
    }

    private static async Task<OriginKeepAlive> CloseWhileIdleAsync(string method, string answer)
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync(answer);
            await Task.Delay(100);
            await connection.CloseAsync();
            closed.TrySetResult();
        });
        using var client = new GuardedClient();
        using (HttpResponseMessage first = await client.SendAsync(GuardedClient.Request(method, server.Uri)))
        {
            first.IsSuccessStatusCode.ShouldBeTrue();
        }

        await closed.Task;
        using HttpResponseMessage second = await client.SendAsync(GuardedClient.Request(method, server.Uri));

        second.IsSuccessStatusCode.ShouldBeTrue();
        server.Connections.ShouldBe(2);
        return Known(client, server);
    }

    private static OriginKeepAlive Known(GuardedClient client, ScriptedServer server)
    {
        client.Ledger.TryGet(server.Uri, out OriginKeepAlive? known).ShouldBeTrue();
        return known!;
    }
}
