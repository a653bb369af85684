namespace StaleConnGuard.RuntimeTests;

/// <summary>HTTP/1.1: what becomes of a request whose connection ends before an answer. The guard throws instead of answering end-of-stream.</summary>
public class EndRuntimeContractTests
{
    public static MatrixTheoryData<string, bool, bool> Requests { get; } = new(["GET", "POST", "POST with body", "POST with Expect"], [false, true], [false, true]);

    /// <summary>If not: the guard has no reason any more to put an exception in the place of end-of-stream.</summary>
    [Fact]
    public async Task EndOfStream_UnderARequestWithoutABody_HasTheRuntimeRepeatIt()
    {
        await using ScriptedServer server = HangsUp();
        using var client = new TappedClient();

        await Should.ThrowAsync<HttpRequestException>(() => client.ExchangeAsync("sender", new HttpRequestMessage(HttpMethod.Post, server.Uri)));

        server.TotalExecutions.ShouldBeGreaterThan(1);
    }

    /// <summary>
    /// If not: a request that is not safe to repeat is executed twice. <c>RuntimeContractBreach.RepeatedUnanswered</c> at run time, and the second is not written.
    /// </summary>
    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Exception_InsteadOfEndOfStream_IsTheFailure_AndNothingIsRepeated(string kind, bool reused, bool sync)
    {
        await using ScriptedServer server = HangsUp(answersFirst: reused);
        using var client = new TappedClient(handler => handler.Expect100ContinueTimeout = TimeSpan.FromMilliseconds(1));
        var ours = new HttpIOException(HttpRequestError.ResponseEnded, "ended");
        if (reused)
        {
            await client.GetAsync("first", server.Uri);
        }

        client.OnConnected = connection => connection.ThrowAtEnd(ours);
        if (reused)
        {
            client.Connections[0].ThrowAtEnd(ours);
        }

        int before = server.TotalExecutions;
        using var request = new HttpRequestMessage(new HttpMethod(kind.Split(' ')[0]), server.Uri);
        request.Content = kind.Contains("with", StringComparison.Ordinal) ? new ByteArrayContent([1, 2, 3]) : null;
        request.Headers.ExpectContinue = kind.EndsWith("Expect", StringComparison.Ordinal);
        HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => client.ExchangeAsync("sender", request, sync));

        WriteRuntimeContractTests.Chain(e).ShouldContain(ours);
        e.HttpRequestError.ShouldBe(HttpRequestError.ResponseEnded);
        (server.TotalExecutions - before).ShouldBe(1);
        client.Connections.Count.ShouldBe(1);
        client.Connections[0].IsDisposed.ShouldBeTrue();
    }

    /// <summary>If not: the caller of a guarded client gets another error than that of a plain one.</summary>
    [Theory]
    [InlineData(HttpRequestError.ResponseEnded)]
    [InlineData(HttpRequestError.ConnectionError)]
    [InlineData(HttpRequestError.Unknown)]
    public async Task Error_OfTheStreamsException_IsThatOfTheRequests(HttpRequestError error)
    {
        await using ScriptedServer server = HangsUp();
        using var client = new TappedClient { OnConnected = connection => connection.ThrowAtEnd(new HttpIOException(error, "ended")) };

        HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => client.ExchangeAsync("sender", new HttpRequestMessage(HttpMethod.Get, server.Uri)));

        e.HttpRequestError.ShouldBe(error);
    }

    /// <summary>If not: a reset is repeated silently, and the guard's table does not hold for it.</summary>
    [Fact]
    public async Task Reset_IsNotRepeated()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            connection.Execute((await connection.ReadRequestAsync())!);
            connection.Reset();
        });
        using var client = new TappedClient();

        await Should.ThrowAsync<HttpRequestException>(() => client.ExchangeAsync("sender", new HttpRequestMessage(HttpMethod.Post, server.Uri)));

        server.TotalExecutions.ShouldBe(1);
    }

    private static ScriptedServer HangsUp(bool answersFirst = false) => new(async connection =>
    {
        if (answersFirst && connection.Index == 0)
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
        }

        connection.Execute((await connection.ReadRequestAsync())!);
        await connection.CloseAsync();
    });
}
