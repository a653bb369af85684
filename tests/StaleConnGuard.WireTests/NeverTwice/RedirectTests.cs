using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>
/// One send can be several requests on the wire. What ends under a redirected request is no evidence about the message the caller holds, and
/// the runtime's own silent repeat of requests without a body must not execute one twice.
/// </summary>
public class RedirectTests
{
    public static TheoryData<int, string, bool, bool> Redirects()
    {
        var data = new TheoryData<int, string, bool, bool>();
        foreach (int status in new[] { 301, 302, 303, 307, 308 })
        {
            foreach (string body in new[] { "bytes", "none", "json" })
            {
                data.Add(status, body, true, false);
                data.Add(status, body, false, false);
            }

            data.Add(status, "bytes", false, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Redirects))]
    public async Task Post_Redirected_IsFollowedAsWithoutTheGuard(int status, string body, bool sameOrigin, bool sync)
    {
        await using var target = new ScriptedServer(connection => connection.AnswerAllAsync());
        await using ScriptedServer origin = Redirecting(status, sameOrigin ? null : target.Uri);
        using var client = new GuardedClient();
        await client.GetAsync(target.Uri);
        await client.GetAsync(new Uri(origin.Uri, "/warm"));

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", new Uri(origin.Uri, "/from"), body), sync && body != "json");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.RequestMessage!.Method.ShouldBe(status < 307 ? HttpMethod.Get : HttpMethod.Post);
        (sameOrigin ? origin : target).Executions["raced"].ShouldBe(1);
        origin.Connections.ShouldBe(1);
        target.Connections.ShouldBe(1);
        client.Observer.StaleHits.ShouldBe(0);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public async Task BodylessPost_RedirectedOntoAConnectionThatExecutesAndDies_IsExecutedOnce(bool guarded, int moreOnPlainClient)
    {
        // Every connection executes and dies; only the first of each answers a warming request before.
        await using var target = new ScriptedServer(async connection =>
        {
            if (connection.Index == 0)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            }

            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.CloseAsync();
        });
        await using ScriptedServer origin = Redirecting(307, target.Uri);
        using var client = new GuardedClient(guarded);
        await client.GetAsync(target.Uri);
        await client.GetAsync(new Uri(origin.Uri, "/warm"));

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", new Uri(origin.Uri, "/from"))));

        if (guarded)
        {
            target.Executions["raced"].ShouldBe(1);
        }
        else
        {
            target.Executions["raced"].ShouldBeGreaterThan(moreOnPlainClient + 1);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BodylessPost_RedirectedToANewConnectionThatExecutesAndDies_IsExecutedOnce(bool guarded)
    {
        await using var target = new ScriptedServer(async connection =>
        {
            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.CloseAsync();
        });
        await using ScriptedServer origin = Redirecting(308, target.Uri);
        using var client = new GuardedClient(guarded);

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", new Uri(origin.Uri, "/from"))));

        target.Executions["raced"].ShouldBe(guarded ? 1 : 4);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BodylessPost_RedirectedOnItsOwnConnectionWhichExecutesAndDies_IsExecutedOnce(bool guarded)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            if (connection.Index == 0)
            {
                await connection.WriteAsync("HTTP/1.1 307 Redirect\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n");
                await connection.ReadRequestAsync();
            }

            connection.Execute(new ScriptedRequest("POST", "/to", new Dictionary<string, string>(), []));
            await connection.CloseAsync();
        });
        using var client = new GuardedClient(guarded);

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", new Uri(server.Uri, "/from"))));

        server.TotalExecutions.ShouldBe(guarded ? 1 : 4);
    }

    [Theory]
    [InlineData(Ending.Close, "none", HttpStatusCode.OK)]
    [InlineData(Ending.Reset, "none", null)]
    [InlineData(Ending.Close, "bytes", null)]
    public async Task Post_RedirectedOntoAConnectionTheServerIsClosing_IsNeverRepeatedWithoutProof(Ending ending, string body, HttpStatusCode? expected)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var target = new ScriptedServer(async connection =>
        {
            if (connection.Index > 0)
            {
                await connection.AnswerAllAsync();
                return;
            }

            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await end.Task;
            await connection.EndAsync(ending);
            ended.SetResult();
        });
        await using ScriptedServer origin = Redirecting(307, target.Uri);
        using var client = new GuardedClient();
        client.BeforeWrite = async (connection, write) =>
        {
            if (connection == 0 && write == 1)
            {
                end.SetResult();
                await ended.Task;
            }
        };
        await client.GetAsync(target.Uri);

        Task<HttpResponseMessage> sending = client.SendAsync(GuardedClient.Request("POST", new Uri(origin.Uri, "/from"), body));

        if (expected is HttpStatusCode status)
        {
            using HttpResponseMessage response = await sending;
            response.StatusCode.ShouldBe(status);
        }
        else
        {
            await Should.ThrowAsync<HttpRequestException>(sending);
        }

        ended.Task.IsCompleted.ShouldBeTrue();
        target.Executions.GetValueOrDefault("raced").ShouldBe(expected is null ? 0 : 1);
    }

    private static ScriptedServer Redirecting(int status, Uri? target) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            if (request.Target == "/from")
            {
                await connection.WriteAsync($"HTTP/1.1 {status} Redirect\r\nLocation: {target?.ToString() ?? "/to"}\r\nContent-Length: 0\r\n\r\n");
            }
            else
            {
                await connection.AnswerAsync(request);
            }
        }
    });
}
