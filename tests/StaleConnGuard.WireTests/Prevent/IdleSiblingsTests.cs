using System.Net;
using System.Net.Http.Json;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>
/// Many idle connections, each with a read of the pool's scavenger pending, so that the pool does not look at them again when it takes one.
/// All have become too old, or the server has closed them all: the first request must succeed, whatever its body.
/// </summary>
public class IdleSiblingsTests
{
    // The scavenger looks every quarter of it, at least every second.
    private static readonly TimeSpan s_poolIdleTimeout = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_scavenged = TimeSpan.FromMilliseconds(1150);

    [Theory]
    [InlineData("POST", "none", 8)]
    [InlineData("POST", "bytes", 100)]
    [InlineData("POST", "one-shot", 8)]
    [InlineData("POST", "json", 8)]
    [InlineData("GET", "none", 8)]
    public async Task FirstRequest_AllSiblingsTooOld_SucceedsOnAFreshConnection(string method, string body, int siblings)
    {
        await using ScriptedServer server = Gathering(siblings);
        using var client = new GuardedClient(configure: ScavengeEachSecond, options: o => o.Transport.PooledConnectionIdleTimeout = s_poolIdleTimeout);

        // Learned, not configured: those stay in the pool past the limit, and are refused at the first write.
        client.Ledger.GetOrAdd(OriginKey.Of(server.Uri)).StaleHit(TimeSpan.FromSeconds(2));
        await FillAsync(client, server, siblings);
        await Task.Delay(s_scavenged);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(siblings + 1);
        client.Observer.StaleHits.ShouldBe(0);
        client.Observer.Refusals.ShouldContain(RefusalReason.TooOld);
    }

    [Theory]
    [InlineData("POST", "none", Ending.Close, false)]
    [InlineData("POST", "bytes", Ending.Close, true)]
    [InlineData("POST", "one-shot", Ending.Close, false)]
    [InlineData("POST", "json", Ending.Close, false)]
    [InlineData("GET", "none", Ending.Reset, false)]
    [InlineData("PUT", "bytes", Ending.Reset, true)]
    public async Task FirstRequest_AllSiblingsEndAsItLeaves_SucceedsOnAFreshConnection(string method, string body, Ending ending, bool sync)
    {
        const int Siblings = 8;
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new CountdownEvent(Siblings);
        var arrived = new CountdownEvent(Siblings);
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest? request = await connection.ReadRequestAsync();
            if (connection.Index >= Siblings)
            {
                await connection.AnswerAsync(request!);
                return;
            }

            arrived.Signal();
            await Task.Run(arrived.Wait);
            await connection.AnswerAsync(request!);
            await end.Task;
            await connection.EndAsync(ending);
            ended.Signal();
        });
        using var client = new GuardedClient(configure: ScavengeEachSecond, options: o => o.Transport.PooledConnectionIdleTimeout = s_poolIdleTimeout);
        bool hit = false;
        client.BeforeWrite = async (_, write) =>
        {
            if (write == 1 && !hit)
            {
                hit = true;
                end.SetResult();
                await Task.Run(ended.Wait);
            }
        };
        await FillAsync(client, server, Siblings);
        await Task.Delay(s_scavenged);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync);

        hit.ShouldBeTrue();
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(Siblings + 1);
    }

    private static void ScavengeEachSecond(SocketsHttpHandler handler) => handler.PooledConnectionIdleTimeout = s_poolIdleTimeout;

    private static async Task FillAsync(GuardedClient client, ScriptedServer server, int siblings)
    {
        await Task.WhenAll(Enumerable.Range(0, siblings).Select(_ => client.GetAsync(server.Uri)));
        server.Connections.ShouldBe(siblings);
    }

    /// <summary>Answers the first requests only when all of them are there, so that each has a connection of its own.</summary>
    private static ScriptedServer Gathering(int siblings)
    {
        int here = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                if (Interlocked.Increment(ref here) == siblings)
                {
                    all.SetResult();
                }

                await all.Task;
                await connection.AnswerAsync(request);
            }
        });
    }
}
