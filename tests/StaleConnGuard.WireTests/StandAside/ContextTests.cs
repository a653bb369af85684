using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>The guard finds the request of a write through the execution context. Applications that suppress its flow, and content that writes elsewhere, must not mislead it.</summary>
public class ContextTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BodylessPost_FlowSuppressed_IsExecutedOnceByAServerThatDies(bool guarded)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            if (connection.Index == 0)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            }

            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient(guarded);
        await SendSuppressedAsync(client, GuardedClient.Request("GET", server.Uri, id: "first"));
        await SendSuppressedAsync(client, GuardedClient.Request("GET", server.Uri, id: "second"));

        await Should.ThrowAsync<HttpRequestException>(() => SendSuppressedAsync(client, GuardedClient.Request("POST", server.Uri)));

        if (guarded)
        {
            server.Executions["raced"].ShouldBe(1);
        }
        else
        {
            server.Executions["raced"].ShouldBe(4);
        }
    }

    [Fact]
    public async Task Post_FlowSuppressedAndTheServerCloses_IsProvenAndReplayed()
    {
        await using var race = new StaleRace(guarded: true);
        using (HttpResponseMessage warm = await SuppressedAsync(() => race.Client.GetAsync(race.Server.Uri)))
        {
            warm.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        using HttpResponseMessage response = await SuppressedAsync(() => race.SendAsync(ReplayTests.Request("POST", "bytes")));

        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Fact]
    public async Task Content_ThatWritesToAnotherRequestsBody_IsNotTakenForThatRequest()
    {
        // The outer request reaches a server that executes and dies. Its content first writes to a request that is open elsewhere.
        await using var other = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync(readBody: false);
            await connection.WriteAsync("HTTP/1.1 103 Early Hints\r\n\r\n");
            await connection.ReadRequestAsync();
        });
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        var open = new OpenContent();
        using HttpRequestMessage streaming = GuardedClient.Request("POST", other.Uri, id: "other");
        streaming.Content = open;
        Task<HttpResponseMessage> otherSend = client.SendAsync(streaming);
        Stream otherBody = await open.Stream;

        using HttpRequestMessage request = GuardedClient.Request("POST", server.Uri);
        request.Content = new StreamContent(new PipedStream(new MemoryStream([1, 2, 3]), length: 3, beforeRead: async read =>
        {
            if (read == 0)
            {
                await otherBody.WriteAsync(new byte[100_000]);
            }
        }));
        var e = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(request));

        e.Delivery.ShouldBe(Delivery.Unknown);
        e.RequestsOnConnection.ShouldBe(1);
        server.Executions["raced"].ShouldBe(1);
        open.Finish();
        await Should.ThrowAsync<Exception>(async () =>
        {
            client.Http.CancelPendingRequests();
            await otherSend;
        });
    }

    [Fact]
    public async Task ConnectCallback_ThatReadsAnotherResponse_ReadsItWhole()
    {
        await using var source = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.WriteAsync("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
            await Task.Delay(400);
            await connection.WriteAsync("world");
            await connection.CloseAsync();
        });
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        string read = "";
        GuardedClient? client = null;
        HttpResponseMessage? piped = null;
        client = new GuardedClient(serverTimeout: TimeSpan.FromMilliseconds(300), configure: h => h.ConnectCallback = async (context, cancellationToken) =>
        {
            if (context.DnsEndPoint.Port == server.Uri.Port)
            {
                await Task.Delay(200, cancellationToken);
                read = await piped!.Content.ReadAsStringAsync(cancellationToken);
            }

            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        });
        using GuardedClient owned = client;
        piped = await client.Http.GetAsync(source.Uri, HttpCompletionOption.ResponseHeadersRead);

        (await client.GetAsync(server.Uri)).ShouldBe("ok");

        read.ShouldBe("helloworld");
        piped.Dispose();
    }

    private static Task<HttpResponseMessage> SendSuppressedAsync(GuardedClient client, HttpRequestMessage request) =>
        SuppressedAsync(() => client.SendAsync(request));

    private static Task<T> SuppressedAsync<T>(Func<Task<T>> send)
    {
        using AsyncFlowControl control = ExecutionContext.SuppressFlow();
        return send();
    }

    /// <summary>A body that somebody else writes.</summary>
    private sealed class OpenContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Stream => _stream.Task;

        public void Finish() => _finished.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _stream.SetResult(stream);
            await _finished.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
