using System.Net;

namespace StaleConnGuard.RuntimeTests;

/// <summary>
/// HTTP/2: which requests the runtime sends again on its own, without the guard being asked. It may do so where the server says that it has not processed them (RFC 9113 6.8 and 8.7);
/// anything else it may not, or a request that is not idempotent would be executed twice below the guard, which sees one.
/// </summary>
public class UnprocessedRuntimeContractTests
{
    // HttpConnectionPool: MaxConnectionFailureRetries.
    private const int Repeats = 3;

    /// <summary>If not: requests that the server has not processed fail at every restart in good order, and the guard would have to read GOAWAY to replay them.</summary>
    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task GoAway_RequestsAboveItsLastStream_AreSentAgain_TheirBodiesToo_AndTheOthersGoOn(string method)
    {
        await using var server = new RawHttp2Server(async connection =>
        {
            if (connection.Index > 0)
            {
                await connection.AnswerAllAsync();
                return;
            }

            RawHttp2Request first = (await connection.ReadRequestAsync())!;
            await connection.AnswerAsync(first);
            RawHttp2Request processed = (await connection.ReadRequestAsync())!;
            _ = await connection.ReadRequestAsync();
            _ = await connection.ReadRequestAsync();
            await connection.WriteAsync(RawHttp2Connection.GoAway(processed.Stream));
            await connection.AnswerAsync(processed);
            await connection.AnswerAllAsync();
        });
        using var client = new TappedClient();
        await SendAsync(client, server, "GET", "first");
        Task<HttpStatusCode> processed = SendAsync(client, server, method, "processed");
        await client.SeenAsync(() => server.Received.ContainsKey("processed"), "it is there before the others");
        Task<HttpStatusCode>[] others = [SendAsync(client, server, method, "a"), SendAsync(client, server, method, "b")];

        (await processed).ShouldBe(HttpStatusCode.OK);
        foreach (Task<HttpStatusCode> other in others)
        {
            (await other).ShouldBe(HttpStatusCode.OK);
        }

        server.Received["processed"].ShouldBe(1, "it is not above the last stream");
        server.Received["a"].ShouldBe(2);
        server.Received["b"].ShouldBe(2);
        server.Connections.ShouldBe(2);
    }

    /// <summary>If not: as above; and where it were repeated without a limit, a server could keep a request going for ever.</summary>
    [Theory]
    [InlineData("GET", 1)]
    [InlineData("POST", 1)]
    [InlineData("POST", Repeats)]
    [InlineData("POST", Repeats + 1)]
    public async Task RefusedStream_IsSentAgain_UpToThreeTimes(string method, int refusals)
    {
        int refused = 0;
        await using var server = new RawHttp2Server(async connection =>
        {
            while (await connection.ReadRequestAsync() is RawHttp2Request request)
            {
                if (request.Id == "refused" && refused < refusals)
                {
                    refused++;
                    await connection.WriteAsync(RawHttp2Connection.Refusal(request.Stream));
                    continue;
                }

                await connection.AnswerAsync(request);
            }
        });
        using var client = new TappedClient();
        await SendAsync(client, server, "GET", "first");
        Task<HttpStatusCode> sending = SendAsync(client, server, method, "refused");

        if (refusals > Repeats)
        {
            _ = await Should.ThrowAsync<HttpRequestException>(() => sending);
        }
        else
        {
            (await sending).ShouldBe(HttpStatusCode.OK);
        }

        server.Received["refused"].ShouldBe(Math.Min(refusals, Repeats) + 1);
        server.Connections.ShouldBe(1);
    }

    /// <summary>If not: a request that was executed is sent again by the runtime, since this GOAWAY says nothing about any stream.</summary>
    [Theory]
    [InlineData("GET", true)]
    [InlineData("POST", true)]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    public async Task End_BehindAGoAwayOfAllStreams_FailsWhatIsOpen_AndNothingIsSentAgain(string method, bool inGoodOrder)
    {
        await using var server = new RawHttp2Server(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            _ = await connection.ReadRequestAsync();
            _ = await connection.ReadRequestAsync();
            await connection.WriteAsync(RawHttp2Connection.GoAway(int.MaxValue));
            if (inGoodOrder)
            {
                await connection.CloseAsync();
            }
            else
            {
                connection.Reset();
            }
        });
        using var client = new TappedClient();
        await SendAsync(client, server, "GET", "first");
        Task<HttpStatusCode>[] open = [SendAsync(client, server, method, "a"), SendAsync(client, server, method, "b")];

        foreach (Task<HttpStatusCode> request in open)
        {
            _ = await Should.ThrowAsync<HttpRequestException>(() => request);
        }

        server.Received["a"].ShouldBe(1);
        server.Received["b"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    /// <summary>If not: a request goes out on a connection whose server is about to close it, and may be lost with it.</summary>
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1)]
    public async Task GoAway_OnAnIdleConnection_KeepsTheNextRequestFromIt(int lastStream)
    {
        await using var server = new RawHttp2Server(async connection =>
        {
            if (connection.Index == 0)
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                await connection.WriteAsync(RawHttp2Connection.GoAway(lastStream));
            }

            await connection.AnswerAllAsync();
        });
        using var client = new TappedClient();
        await SendAsync(client, server, "GET", "first");
        TappedConnection connection = client.Connections[0];
        await client.SeenAsync(() => connection.IsDisposed, "the runtime has read it, and nothing is open");

        (await SendAsync(client, server, "POST", "second")).ShouldBe(HttpStatusCode.OK);
        server.Received["second"].ShouldBe(1);
        server.Connections.ShouldBe(2);
    }

    private static async Task<HttpStatusCode> SendAsync(TappedClient client, RawHttp2Server server, string method, string id)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Add("X-Request-Id", id);
        request.Content = method == "POST" ? new ByteArrayContent(new byte[20_000]) : null;
        return await client.ExchangeAsync(id, request).WaitAsync(TimeSpan.FromSeconds(30));
    }
}
