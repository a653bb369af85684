using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>
/// <see cref="HttpClient.Send(HttpRequestMessage)"/> on a pooled connection needs no thread of the pool. With the guard neither: who sends synchronously from the pool's own threads
/// would otherwise wait for a thread that waits for them.
/// </summary>
public class StarvedPoolTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OneShotBody_SentSynchronouslyAfterAPause_NeedsNoTimer(bool guarded)
    {
        await using var server = new ScriptedServer(static connection => connection.AnswerAllAsync());
        using HttpClient client = Client(guarded);
        using HttpResponseMessage warm = await client.GetAsync(server.Uri);
        await Task.Delay(200);

        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StreamContent(new OneShotStream(new byte[1000])) };
        using HttpResponseMessage response = await OnAThreadOfItsOwn(() => client.Send(request));

        response.IsSuccessStatusCode.ShouldBeTrue();
    }

    [Theory]
    [InlineData(false, Ending.Close)]
    [InlineData(true, Ending.Close)]
    [InlineData(false, Ending.Reset)]
    [InlineData(true, Ending.Reset)]
    public async Task AnEnd_UnderASynchronousRequest_NeedsNoTimer(bool tls, Ending ending)
    {
        await using var server = new ScriptedServer(
            async connection =>
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                connection.Execute((await connection.ReadRequestAsync())!);
                await connection.EndAsync(ending);
            },
            tls);
        using HttpClient client = Client(guarded: true);
        using HttpResponseMessage warm = await client.GetAsync(server.Uri);

        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new ByteArrayContent(new byte[10]) };
        StaleConnectionException failure = await Should.ThrowAsync<StaleConnectionException>(OnAThreadOfItsOwn(() => client.Send(request)));

        failure.Delivery.ShouldBe(Delivery.Unknown);
    }

    /// <summary>Over HTTP/2 a timer takes a connection out of the pool at its limit. Where it comes late the connection refuses the request itself: this server would execute it and die.</summary>
    [Theory]
    [InlineData(true, "none")]
    [InlineData(true, "bytes")]
    [InlineData(true, "one-shot")]
    [InlineData(false, "none")]
    public async Task Http2_NoTimerAtTheLimit_ThePostGoesToAnotherConnection(bool guarded, string body)
    {
        await using ScriptedHttp2Server server = ScriptedHttp2Server.Start(TimeSpan.FromMinutes(1), Http2End.Fin, dies: static execution => execution == 2 ? Http2End.Reset : Http2End.None);
        using var client = new GuardedClient(guarded, serverTimeout: TimeSpan.FromSeconds(1), time: new NoTimers());
        await SendAsync("GET", "none", "warm");
        await Task.Delay(600);

        if (!guarded)
        {
            await Should.ThrowAsync<HttpRequestException>(() => SendAsync("POST", body, "raced"));
            return;
        }

        await SendAsync("POST", body, "raced");
        server.Executions.CountOf("raced").ShouldBe(1);
        server.ConnectionsAccepted.ShouldBe(2);
        client.Observer.Refusals.ShouldBe([RefusalReason.TooOld]);
        client.Observer.Hits.ShouldHaveSingleItem().Delivery.ShouldBe(Delivery.NotSent);

        async Task SendAsync(string method, string content, string id)
        {
            using HttpRequestMessage request = GuardedClient.Request(method, server.Address, content, id);
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            using HttpResponseMessage response = await client.SendAsync(request);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }
    }

    private static HttpClient Client(bool guarded)
    {
        var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        var options = new StaleConnGuardOptions { Retry = { Enabled = false }, KeepAlive = { Learn = false } };
        return new HttpClient(guarded ? StaleConnGuardHandler.Create(loggerFactory: null, meterFactory: null, new NoTimers(), options, sockets) : sockets);
    }

    private static Task<T> OnAThreadOfItsOwn<T>(Func<T> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(10));
}
