using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Expect: 100-continue (RFC 9110 10.1.1). Once the server has said 100 it has seen the request.</summary>
public class ExpectContinueTests
{
    [Theory]
    [InlineData("bytes", false)]
    [InlineData("one-shot", false)]
    [InlineData("json", false)]
    [InlineData("bytes", true)]
    public async Task Expect_Continued_IsExecutedOnce(string body, bool sync)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync(readBody: false);
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            await connection.AnswerAsync(await connection.ReadBodyAsync(request!));
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        using HttpResponseMessage response = await client.SendAsync(Expecting(server.Uri, body), sync);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData("bytes")]
    [InlineData("one-shot")]
    public async Task Expect_ClosedAsTheRequestLeaves_IsProvenAndReplayed(string body)
    {
        await using var race = new StaleRace(guarded: true);
        await race.WarmUpAsync();

        using HttpResponseMessage response = await race.SendAsync(Expecting(race.Server.Uri, body, id: null));

        race.Happened.ShouldBeTrue();
        race.Server.Executions["raced"].ShouldBe(1);
    }

    [Theory]
    [InlineData("POST", true)]
    [InlineData("PUT", true)]
    [InlineData("POST", false)]
    public async Task Expect_HeadersReadAndClosedWithout100_TheBodyIsNeverSentTwice(string method, bool reused)
    {
        int headers = 0;
        int bodies = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            if (reused && connection.Index == 0)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            }

            while (await connection.ReadRequestAsync(readBody: false) is ScriptedRequest request)
            {
                Interlocked.Increment(ref headers);
                if (connection.Index > 0)
                {
                    await connection.AnswerAsync(await connection.ReadBodyAsync(request));
                    Interlocked.Increment(ref bodies);
                    continue;
                }

                await connection.CloseAsync();
                return;
            }
        });
        using var client = new GuardedClient();
        if (reused)
        {
            await client.GetAsync(server.Uri);
        }

        using HttpRequestMessage request = Expecting(server.Uri, "bytes", method);
        if (method == "PUT")
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            headers.ShouldBe(2);
            return;
        }

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(request));
        headers.ShouldBe(1);
        bodies.ShouldBe(0);
    }

    [Theory]
    [InlineData("POST", "bytes", Ending.Close)]
    [InlineData("PUT", "bytes", Ending.Close)]
    [InlineData("PUT", "bytes", Ending.Reset)]
    [InlineData("POST", "one-shot", Ending.Reset)]
    public async Task Expect_ContinuedAndThenEnded_Surfaces(string method, string body, Ending ending)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync(readBody: false);
            await connection.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n");
            connection.Execute(await connection.ReadBodyAsync(request!));
            await connection.EndAsync(ending);
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(Expecting(server.Uri, body, method)));

        e.ShouldNotBeOfType<StaleConnectionException>();
        server.Executions["raced"].ShouldBe(1);
    }

    [Fact]
    public async Task Expect_RefusedWithAStatus_IsDeliveredAndTheBodyKept()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync(readBody: false);
            await connection.AnswerAsync(request!, status: 417);
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        var body = new OneShotStream(new byte[10_000]);
        using HttpRequestMessage request = GuardedClient.Request("POST", server.Uri);
        request.Content = new StreamContent(body);
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.ExpectationFailed);
        body.Touched.ShouldBeFalse();
        server.Executions["raced"].ShouldBe(1);
    }

    private static HttpRequestMessage Expecting(Uri uri, string body, string method = "POST", string? id = "raced")
    {
        HttpRequestMessage request = ReplayTests.Request(method, body);
        request.RequestUri = uri;
        request.Headers.ExpectContinue = true;
        if (id is not null)
        {
            request.Headers.Add("X-Request-Id", id);
        }

        return request;
    }
}
