using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>A server that executes a request and dies before it answers: the request that is not safe to repeat is executed exactly once.</summary>
public class ExecuteAndDieTests
{
    public static TheoryData<string, string, Ending, bool> Unsafe()
    {
        var data = new TheoryData<string, string, Ending, bool>();
        foreach (Ending ending in new[] { Ending.Close, Ending.Reset })
        {
            foreach (string body in new[] { "none", "bytes", "stream", "one-shot" })
            {
                data.Add("POST", body, ending, false);
                data.Add("PATCH", body, ending, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Unsafe))]
    public async Task Unsafe_ExecutedOnAReusedConnection_SurfacesUnknown(string method, string body, Ending ending, bool sync)
    {
        await using ScriptedServer server = ExecutingAndDying(ending, warm: true);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync));

        e.Delivery.ShouldBe(Delivery.Unknown);
        e.Decision.ShouldBeOneOf(body == "one-shot" ? ReplayDecision.SurfaceBodyConsumed : ReplayDecision.SurfaceNotSafeToRepeat);
        e.Replays.ShouldBe(0);
        server.Executions["raced"].ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Unsafe))]
    public async Task Unsafe_ExecutedOnANewConnection_FailsAsWithoutTheGuard(string method, string body, Ending ending, bool sync)
    {
        await using ScriptedServer server = ExecutingAndDying(ending, warm: false);
        using var client = new GuardedClient();

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync));

        e.ShouldNotBeOfType<StaleConnectionException>();
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task PlainClient_BodylessPostExecutedOnANewConnection_IsExecutedFourTimes()
    {
        await using ScriptedServer server = ExecutingAndDying(Ending.Close, warm: false);
        using var client = new GuardedClient(guarded: false);

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", server.Uri)));

        e.HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
        server.Executions["raced"].ShouldBe(4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NewConnection_EndsBeforeAnyResponseByte_TheErrorIsThatOfThePlainClient(bool sync)
    {
        await using ScriptedServer server = ExecutingAndDying(Ending.Close, warm: false);
        using var client = new GuardedClient();

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", server.Uri), sync));

        e.HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
        e.InnerException.ShouldBeAssignableTo<HttpIOException>()!.HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
    }

    [Theory]
    [InlineData("GET", "none", Ending.Close, false)]
    [InlineData("GET", "none", Ending.Reset, true)]
    [InlineData("PUT", "bytes", Ending.Close, true)]
    [InlineData("DELETE", "none", Ending.Reset, false)]
    public async Task Safe_ExecutedOnAReusedConnection_IsExecutedAtMostTwice(string method, string body, Ending ending, bool sync)
    {
        await using ScriptedServer server = ExecutingAndDying(ending, warm: true);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request(method, server.Uri, body), sync));

        e.ShouldNotBeOfType<StaleConnectionException>();
        server.Executions["raced"].ShouldBe(2);
    }

    [Theory]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    [InlineData("PUT", false)]
    public async Task Upload_TheServerDiesInTheMiddle_IsNotReplayedUnlessSafe(string method, bool tls)
    {
        await using var server = new ScriptedServer(
            async connection =>
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                if (connection.Index == 0)
                {
                    ScriptedRequest? request = await connection.ReadRequestAsync(readBody: false);
                    connection.Execute(request!);
                    await connection.Stream.ReadExactlyAsync(new byte[10_000]);
                    connection.Socket.Close();
                }
            },
            tls);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);
        using HttpRequestMessage upload = GuardedClient.Request(method, server.Uri);
        upload.Content = new ByteArrayContent(new byte[4_000_000]);

        if (method == "PUT")
        {
            using HttpResponseMessage response = await client.SendAsync(upload);
            server.Executions["raced"].ShouldBe(2);
            return;
        }

        var e = await Should.ThrowAsync<StaleConnectionException>(() => client.SendAsync(upload));
        e.Delivery.ShouldBe(Delivery.Unknown);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    [Theory]
    [InlineData("H")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-")]
    [InlineData("HTTP/1.1 102 Processing\r\n\r\n")]
    public async Task Safe_AnyByteOfAResponseArrived_IsNotReplayed(string started)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.WriteAsync(started);
            await connection.CloseAsync();
        });
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("GET", server.Uri)));

        e.ShouldNotBeOfType<StaleConnectionException>();
        server.Executions["raced"].ShouldBe(1);
    }

    private static ScriptedServer ExecutingAndDying(Ending ending, bool warm) => new(async connection =>
    {
        if (warm && connection.Index == 0)
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
        }

        connection.Execute((await connection.ReadRequestAsync())!);
        await connection.EndAsync(ending);
    });
}
