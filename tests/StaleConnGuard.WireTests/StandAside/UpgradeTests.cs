using System.Net;
using System.Net.WebSockets;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>After 101, and after a CONNECT that succeeded, the connection is no longer HTTP: the guard steps aside for good.</summary>
public class UpgradeTests
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WebSocket_IdleForLongerThanTheLimitInBothDirections_Lives(bool tls)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using var invoker = new HttpMessageInvoker(client.Handler, disposeHandler: false);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(SocketUri(host, tls), invoker, CancellationToken.None);

        for (int i = 0; i < 3; i++)
        {
            (await EchoAsync(socket, $"message {i}")).ShouldBe($"message {i}");
            await Task.Delay(s_serverTimeout / 2);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        client.Observer.Refusals.ShouldBeEmpty();
    }

    [Fact]
    public async Task WebSocket_UsedFromInsideAnotherRequestsContent_Lives()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        using var invoker = new HttpMessageInvoker(client.Handler, disposeHandler: false);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(SocketUri(host, tls: false), invoker, CancellationToken.None);
        await client.GetAsync(new Uri(host.Plain, "/warm"));
        await Task.Delay(s_serverTimeout);

        using HttpRequestMessage request = GuardedClient.Request("POST", new Uri(host.Plain, "/echo"));
        request.Content = new StreamContent(new PipedStream(new MemoryStream("body"u8.ToArray()), beforeRead: async read =>
        {
            if (read == 0)
            {
                (await EchoAsync(socket, "from inside")).ShouldBe("from inside");
            }
        }));
        using HttpResponseMessage response = await client.SendAsync(request);

        (await response.Content.ReadAsStringAsync()).ShouldBe("body");
        (await EchoAsync(socket, "after")).ShouldBe("after");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Connect_ByTheApplication_BecomesATunnelThatIsLeftAlone(bool warm)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                if (request.Method != "CONNECT")
                {
                    await connection.AnswerAsync(request);
                    continue;
                }

                await connection.WriteAsync("HTTP/1.1 200 OK\r\n\r\n");
                byte[] bytes = new byte[4];
                for (int i = 0; i < 2; i++)
                {
                    await connection.Stream.ReadExactlyAsync(bytes);
                    await connection.Stream.WriteAsync(bytes);
                }

                return;
            }
        });
        using var client = new GuardedClient(serverTimeout: s_serverTimeout);
        if (warm)
        {
            await client.GetAsync(server.Uri);
        }

        using var request = new HttpRequestMessage(HttpMethod.Connect, server.Uri) { Headers = { Host = "elsewhere:80" } };
        using HttpResponseMessage response = await client.SendAsync(request, completion: HttpCompletionOption.ResponseHeadersRead);
        Stream tunnel = await response.Content.ReadAsStreamAsync();
        byte[] echo = new byte[4];
        for (int i = 0; i < 2; i++)
        {
            await tunnel.WriteAsync("ping"u8.ToArray());
            await tunnel.ReadExactlyAsync(echo);
            echo.ShouldBe("ping"u8.ToArray());
            await Task.Delay(s_serverTimeout);
        }

        (await tunnel.ReadAsync(echo)).ShouldBe(0);
        client.Observer.StaleHits.ShouldBe(0);
        server.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData(false, "CONNECT")]
    [InlineData(true, "CONNECT")]
    [InlineData(true, "Upgrade")]
    public async Task Connection_ThatDidNotBecomeATunnel_IsStillGuarded(bool warm, string kind)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                if (request.Id == "raced")
                {
                    connection.Execute(request);
                    await connection.CloseAsync();
                    return;
                }

                if (request.Headers.ContainsKey("Upgrade"))
                {
                    await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
                }

                await connection.AnswerAsync(request, status: request.Method == "CONNECT" ? 403 : 200);
            }
        });
        using var client = new GuardedClient();
        if (warm)
        {
            await client.GetAsync(server.Uri);
        }

        using HttpRequestMessage first = kind == "CONNECT"
            ? new HttpRequestMessage(HttpMethod.Connect, server.Uri) { Headers = { Host = "elsewhere:80" } }
            : new HttpRequestMessage(HttpMethod.Get, server.Uri) { Headers = { { "Connection", "Upgrade" }, { "Upgrade", "thing" } } };
        using (HttpResponseMessage response = await client.SendAsync(first))
        {
            response.StatusCode.ShouldBe(kind == "CONNECT" ? HttpStatusCode.Forbidden : HttpStatusCode.OK);
        }

        await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(GuardedClient.Request("POST", server.Uri)));

        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    private static Uri SocketUri(EchoHost host, bool tls)
    {
        var builder = new UriBuilder(tls ? host.Secure : host.Plain) { Scheme = tls ? "wss" : "ws", Path = "/socket" };
        return builder.Uri;
    }

    private static async Task<string> EchoAsync(ClientWebSocket socket, string text)
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);
        byte[] buffer = new byte[256];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
