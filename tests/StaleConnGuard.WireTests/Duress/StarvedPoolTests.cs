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

    private static HttpClient Client(bool guarded)
    {
        var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        var options = new StaleConnGuardOptions { Retry = { Enabled = false }, KeepAlive = { Learn = false } };
        return new HttpClient(guarded ? StaleConnGuardHandler.Create(loggerFactory: null, meterFactory: null, new NoTimers(), options, sockets) : sockets);
    }

    private static Task<T> OnAThreadOfItsOwn<T>(Func<T> run) =>
        Task.Factory.StartNew(run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(10));
}
