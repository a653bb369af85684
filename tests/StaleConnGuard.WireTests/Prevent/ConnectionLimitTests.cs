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
}
