using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>The answer to an authentication challenge is a further request of the same send, often on the same connection.</summary>
public class ChallengeTests
{
    private const string Basic = "WWW-Authenticate: Basic realm=\"test\"\r\n";
    private const string Digest = "WWW-Authenticate: Digest realm=\"test\", nonce=\"abc\", qop=\"auth\", algorithm=MD5\r\n";

    [Theory]
    [InlineData(Basic, "GET", "none", false)]
    [InlineData(Basic, "POST", "bytes", true)]
    [InlineData(Digest, "POST", "bytes", false)]
    [InlineData(Digest, "POST", "none", false)]
    public async Task Challenge_Answered_IsExecutedOnceOnOneConnection(string challenge, string method, string body, bool sync)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                if (!await ChallengeAsync(connection, request, challenge))
                {
                    await connection.AnswerAsync(request);
                }
            }
        });
        using var client = new GuardedClient(configure: WithCredentials);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
        client.Observer.StaleHits.ShouldBe(0);
    }

    [Theory]
    [InlineData(true, Ending.Close, "none")]
    [InlineData(true, Ending.Reset, "none")]
    [InlineData(true, Ending.Close, "bytes")]
    [InlineData(false, Ending.Close, "none")]
    public async Task Post_AnsweringAChallengeIsExecutedAndTheServerDies_IsExecutedOnce(bool guarded, Ending ending, string body)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                if (await ChallengeAsync(connection, request, Basic))
                {
                    continue;
                }

                connection.Execute(request);
                await connection.EndAsync(ending);
                return;
            }
        });
        using var client = new GuardedClient(guarded, configure: WithCredentials);

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", server.Uri, body)));

        server.Executions["raced"].ShouldBe(guarded ? 1 : 4);
    }

    [Fact]
    public async Task Post_StaleHitAfterTheChallenge_IsNotReplayedAsAWhole()
    {
        // The challenge was answered on a reused connection, so the send has been seen by the server: only proof about the last write counts.
        int challenges = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            ScriptedRequest? request = await connection.ReadRequestAsync();
            await ChallengeAsync(connection, request!, Basic);
            challenges++;
            ScriptedRequest? answer = await connection.ReadRequestAsync();
            connection.Execute(answer!);
            connection.Reset();
        });
        using var client = new GuardedClient(configure: WithCredentials);
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(GuardedClient.Request("POST", server.Uri)));

        e.Delivery.ShouldBe(Delivery.ResponseStarted);
        e.Decision.ShouldBe(ReplayDecision.SurfaceResponseStarted);
        challenges.ShouldBe(1);
        server.Executions["raced"].ShouldBe(1);
    }

    private static void WithCredentials(SocketsHttpHandler handler) => handler.Credentials = new NetworkCredential("user", "secret");

    private static async Task<bool> ChallengeAsync(ScriptedConnection connection, ScriptedRequest request, string challenge)
    {
        if (request.Headers.ContainsKey("Authorization"))
        {
            return false;
        }

        await connection.WriteAsync($"HTTP/1.1 401 Unauthorized\r\n{challenge}Content-Length: 0\r\n\r\n");
        return true;
    }
}
