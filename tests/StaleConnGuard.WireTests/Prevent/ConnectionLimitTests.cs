using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>With a limit on connections a request waits for one that is handed over by the request before it, without the pool looking at it.</summary>
public class ConnectionLimitTests
{
    [Theory]
    [InlineData("POST", "none")]
    [InlineData("POST", "bytes")]
    public async Task Waiting_TheConnectionHandedOverEnds_IsReplayedOnAFreshOne(string method, string body)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            if (connection.Index > 0)
            {
                await connection.AnswerAllAsync();
                return;
            }

            ScriptedRequest? request = await connection.ReadRequestAsync();
            await first.Task;
            await connection.AnswerAsync(request!);
            await end.Task;
            await connection.CloseAsync();
            ended.SetResult();
        });
        using var client = new GuardedClient(configure: h => h.MaxConnectionsPerServer = 1);
        client.BeforeWrite = async (connection, write) =>
        {
            if (connection == 0 && write == 1)
            {
                end.SetResult();
                await ended.Task;
            }
        };

        Task<string> holding = client.GetAsync(server.Uri);
        await WaitUntilAsync(() => server.Connections == 1);
        Task<HttpResponseMessage> waiting = client.SendAsync(GuardedClient.Request(method, server.Uri, body));
        waiting.IsCompleted.ShouldBeFalse();
        first.SetResult();

        (await holding).ShouldBe("ok");
        using HttpResponseMessage response = await waiting;
        ended.Task.IsCompleted.ShouldBeTrue();
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task Replay_OnlyReturnedConnectionsToBeHad_RefusesThemUntilItGetsAFreshOne()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient(configure: h => h.MaxConnectionsPerServer = 1);
        int writes = 0;
        client.BeforeWrite = async (_, write) =>
        {
            // Every third request on a connection finds it broken: the replay must make its way through the queue.
            if (write == 2)
            {
                Interlocked.Increment(ref writes);
                await Task.Yield();
                throw new IOException("The connection broke.", new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionReset));
            }
        };

        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => client.SendAsync(GuardedClient.Request("PUT", server.Uri, "bytes", $"r{i}"))));

        writes.ShouldBeGreaterThan(0);
        responses.ShouldAllBe(r => r.StatusCode == HttpStatusCode.OK);
        server.Executions.Count.ShouldBe(30);
        server.Executions.Values.ShouldAllBe(n => n == 1);
    }

    /// <summary>A connection that has answered another request meanwhile is as good as a new one, and closing it would cost one.</summary>
    [Theory]
    [InlineData("PUT", "bytes", false)]
    [InlineData("POST", "bytes", false)]
    [InlineData("POST", "bytes", true)]
    [InlineData("GET", "none", true)]
    public async Task Replay_ReturnedConnectionHasAnsweredSince_TakesIt(string method, string body, bool sync)
    {
        await using var scene = new ReturnedDuringReplay();
        Task<HttpResponseMessage> raced = await scene.RaceAsync(method, body, sync);

        using HttpResponseMessage response = await raced.WaitAsync(TimeSpan.FromSeconds(30));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        scene.Server.Executions["raced"].ShouldBe(1);
        scene.Server.Connections.ShouldBe(2);
        scene.Client.Observer.Refusals.ShouldBeEmpty();
    }

    [Fact]
    public async Task Waiting_UnderTheLimit_KeepsUsingTheOneConnection()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient(serverTimeout: TimeSpan.FromSeconds(30), configure: h => h.MaxConnectionsPerServer = 1);

        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => client.SendAsync(GuardedClient.Request("POST", server.Uri, "bytes", $"r{i}"))));

        responses.ShouldAllBe(r => r.StatusCode == HttpStatusCode.OK);
        server.Connections.ShouldBe(1);
        client.Observer.Refusals.ShouldBeEmpty();
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1);
        }
    }

    /// <summary>
    /// Two connections: one holds a request until it may answer, one is idle and ends under the request that races. The third is not made until it may be, so the replay waits, and the first is
    /// given back meanwhile.
    /// </summary>
    private sealed class ReturnedDuringReplay : IAsyncDisposable
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _connect = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _connects;

        public ReturnedDuringReplay()
        {
            Server = new ScriptedServer(ServeAsync);
            // A machine that stalls makes no connection too old.
            Client = new GuardedClient(serverTimeout: TimeSpan.FromMinutes(10), configure: sockets => sockets.ConnectCallback = async (context, cancellationToken) =>
            {
                if (Interlocked.Increment(ref _connects) > 2)
                {
                    await _connect.Task;
                }

                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            });
            Client.BeforeWrite = async (connection, write) =>
            {
                if (connection == 1 && write == 1)
                {
                    _end.SetResult();
                    await _ended.Task;
                }
            };
        }

        public ScriptedServer Server { get; }

        public GuardedClient Client { get; }

        /// <summary>The request, when its first connection has ended, its replay waits and the other connection has answered.</summary>
        public async Task<Task<HttpResponseMessage>> RaceAsync(string method, string body, bool sync)
        {
            Task<string> holding = Client.GetAsync(Server.Uri);
            await _held.Task;
            _ = await Client.GetAsync(Server.Uri);
            Task<HttpResponseMessage> raced = Client.SendAsync(GuardedClient.Request(method, Server.Uri, body), sync);
            await WaitUntilAsync(() => Volatile.Read(ref _connects) == 3 || raced.IsCompleted);
            _answer.SetResult();
            (await holding).ShouldBe("ok");
            return raced;
        }

        public async ValueTask DisposeAsync()
        {
            _ = _connect.TrySetResult();
            Client.Dispose();
            await Server.DisposeAsync();
        }

        private async Task ServeAsync(ScriptedConnection connection)
        {
            if (connection.Index == 1)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                await _end.Task;
                await connection.CloseAsync();
                _ended.SetResult();
                return;
            }

            if (connection.Index == 0)
            {
                ScriptedRequest? request = await connection.ReadRequestAsync();
                _held.SetResult();
                await _answer.Task;
                await connection.AnswerAsync(request!);
            }

            await connection.AnswerAllAsync();
        }
    }
}
