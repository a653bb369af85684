namespace StaleConnGuard.RuntimeTests;

/// <summary>
/// HTTP/1.1: how the pool looks at an idle connection before it gives it to a request. The guard answers this look
/// (<see cref="StaleConnGuard.Protocols.Http1.Checkout"/>).
/// </summary>
public class CheckoutRuntimeContractTests
{
    /// <summary>A read does what it does anyway.</summary>
    private static Task<int>? AsEver => default;

    /// <summary>If not: connections past their limit are found at the first write only, which the runtime measures as failed requests; or another request's limit is applied.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Look_IsOneReadWithABuffer_InTheContextOfTheRequest_BeforeItsFirstWrite(bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        await client.GetAsync("first", server.Uri, sync);
        TappedConnection connection = client.Connections.ShouldHaveSingleItem();
        connection.Forget();

        await client.GetAsync("second", server.Uri, sync);

        client.Connections.Count.ShouldBe(1);
        StreamCall look = connection.Calls[0];
        look.Kind.ShouldBe("read");
        look.Length.ShouldBeGreaterThan(0);
        look.Sender.ShouldBe("second");
        connection.Calls[1].Kind.ShouldBe("write", "one look, then the request");
    }

    /// <summary>If not: a connection that the guard refuses is used, or the request fails.</summary>
    [Theory]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    public async Task Look_AnsweredWith0_HasTheConnectionDisposedAndTheNextTaken(string method, bool sync)
    {
        (ScriptedServer server, TappedClient owned) = await TwoIdleAsync();
        await using ScriptedServer disposed = server;
        using TappedClient client = owned;
        int looks = 0;
        foreach (TappedConnection connection in client.Connections)
        {
            connection.OnRead = _ => Interlocked.Increment(ref looks) == 1 ? Task.FromResult(0) : AsEver;
        }

        using var request = new HttpRequestMessage(new HttpMethod(method), server.Uri);
        request.Content = method == "POST" ? new ByteArrayContent([1, 2, 3]) : null;
        await client.ExchangeAsync("asks", request, sync);

        client.Connections.Count.ShouldBe(2, "the idle sibling is taken");
        client.Connections.Where(connection => connection.IsDisposed).ShouldHaveSingleItem().Writes.ShouldBeEmpty("no byte on the connection that was refused");
    }

    /// <summary>If not: a replay that wants a fresh connection gets none.</summary>
    [Fact]
    public async Task Look_AnsweredWith0OnAllOfThem_HasANewOneMade()
    {
        (ScriptedServer server, TappedClient owned) = await TwoIdleAsync();
        await using ScriptedServer disposed = server;
        using TappedClient client = owned;
        foreach (TappedConnection connection in client.Connections)
        {
            connection.OnRead = _ => Task.FromResult(0);
        }

        await client.GetAsync("asks", server.Uri);

        client.Connections.Count.ShouldBe(3);
        client.Connections.Take(2).ShouldAllBe(connection => connection.IsDisposed && connection.Writes.Count == 0);
    }

    /// <summary>If not: bytes that nobody asked for become the answer to the next request, or a reset that shows at the look fails it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Look_ThatCompletesAtOnceInAnyOtherWay_HasTheConnectionDropped(bool withBytes)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        await client.GetAsync("first", server.Uri);
        TappedConnection idle = client.Connections[0];
        idle.Forget();
        idle.OnRead = _ => withBytes ? Task.FromResult(1) : Task.FromException<int>(new IOException("reset"));

        await client.GetAsync("second", server.Uri);

        client.Connections.Count.ShouldBe(2);
        idle.IsDisposed.ShouldBeTrue();
        idle.Writes.ShouldBeEmpty();
    }

    /// <summary>If not: two reads are under way at once, which <c>PendingRead</c>, <see cref="System.Net.Security.SslStream"/> and the evidence are not made for.</summary>
    [Fact]
    public async Task Look_ThatWaits_IsTheReadOfTheAnswer()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        await client.GetAsync("first", server.Uri);
        client.Connections[0].Forget();

        await client.GetAsync("second", server.Uri);

        client.Connections[0].Reads.Count.ShouldBe(1, "head and body came in one piece");
    }

    /// <summary>If not: a request that had to wait is taken for the one that made room for it.</summary>
    [Fact]
    public async Task Request_ThatWaitedForAConnection_IsWrittenInItsOwnContext()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest first = (await connection.ReadRequestAsync())!;
            await answer.Task;
            await connection.AnswerAsync(first);
            await connection.AnswerAllAsync();
        });
        using var client = new TappedClient(handler => handler.MaxConnectionsPerServer = 1);
        Task first = client.GetAsync("first", server.Uri);
        await client.SeenAsync(() => client.Connections.Count == 1 && client.Connections[0].Writes.Count == 1, "the first request is written");
        Task waiting = client.GetAsync("waiting", server.Uri);
        answer.SetResult();
        await first;
        await waiting;

        client.Connections.ShouldHaveSingleItem().Writes.Select(write => write.Sender).ShouldBe(["first", "waiting"]);
    }

    /// <summary>A server, and a client with two idle connections to it.</summary>
    private static async Task<(ScriptedServer Server, TappedClient Client)> TwoIdleAsync()
    {
        var both = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int read = 0;
        var server = new ScriptedServer(async connection =>
        {
            ScriptedRequest first = (await connection.ReadRequestAsync())!;
            if (Interlocked.Increment(ref read) == 2)
            {
                both.SetResult();
            }

            await both.Task;
            await connection.AnswerAsync(first);
            await connection.AnswerAllAsync();
        });
        var client = new TappedClient();
        await Task.WhenAll(client.GetAsync("one", server.Uri), client.GetAsync("two", server.Uri));
        client.Connections.Count.ShouldBe(2);
        foreach (TappedConnection connection in client.Connections)
        {
            connection.Forget();
        }

        return (server, client);
    }
}
