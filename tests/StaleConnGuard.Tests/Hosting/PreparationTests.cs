using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Hosting;

/// <summary>When and how a handler of the application's is changed.</summary>
public class PreparationTests
{
    [Fact]
    public async Task Callbacks_AreSetAtTheFirstRequestAndComposeWithThoseSetBefore()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        using var sockets = new SocketsHttpHandler();
        using var client = new HttpClient(StaleConnGuardHandler.Create(handler: sockets));
        sockets.ConnectCallback.ShouldBeNull();
        sockets.PlaintextStreamFilter.ShouldBeNull();

        // As gRPC's load balancer does, long after the handler was made.
        int connects = 0;
        sockets.ConnectCallback = async (context, cancellationToken) =>
        {
            connects++;
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");

        connects.ShouldBe(1);
        sockets.PlaintextStreamFilter.ShouldNotBeNull();
    }

    [Fact]
    public async Task FirstRequests_AtOnce_AllFindTheHandlerPrepared()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        for (int round = 0; round < 20; round++)
        {
            using var sockets = new SocketsHttpHandler();
            int filtered = 0;
            sockets.PlaintextStreamFilter = (context, _) =>
            {
                Interlocked.Increment(ref filtered);
                return ValueTask.FromResult(context.PlaintextStream);
            };
            using var client = new HttpClient(StaleConnGuardHandler.Create(handler: sockets));
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => client.GetStringAsync(server.Uri))));
            filtered.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public async Task HandlerUsedByOthersBeforeTheFirstGuardedRequest_WorksUnguardedAndSaysSo()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        using var log = new FakeLoggerProvider();
        using var shared = new SocketsHttpHandler();
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => shared).AddStaleConnGuard();
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpClient guarded = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        using var plain = new HttpClient(shared, disposeHandler: false);
        (await plain.GetStringAsync(server.Uri)).ShouldBe("ok");

        (await guarded.GetStringAsync(server.Uri)).ShouldBe("ok");
        (await guarded.GetStringAsync(server.Uri)).ShouldBe("ok");

        log.Collector.GetSnapshot().Count(e => e.Id.Name == "HandlerInUse").ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Enabled_TurnedOffWhileTheHandlerLives_TakesEffectOnTheNextRequest(bool sync)
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        using var sockets = new SocketsHttpHandler();
        var options = new StaleConnGuardOptions();
        var settings = new GuardSettingsHolder(new GuardSettings(options));
        var observed = new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System);
        ConnectionGuard guard = GuardedConnections.Prepare(sockets, observed, options, settings)!;
        var probe = new Probe();
        using var client = new HttpClient(new ConnectionGuardHandler(guard, settings, probe));

        _ = sync ? client.Send(new HttpRequestMessage(HttpMethod.Get, server.Uri)) : await client.GetAsync(server.Uri);
        probe.SawExchange.ShouldBeTrue();

        settings.Current = new GuardSettings(new StaleConnGuardOptions { KeepAlive = options.KeepAlive, Replay = options.Replay, Enabled = false });
        _ = sync ? client.Send(new HttpRequestMessage(HttpMethod.Get, server.Uri)) : await client.GetAsync(server.Uri);
        probe.SawExchange.ShouldBeFalse();
    }

    [Fact]
    public async Task Enabled_TurnedOffWhileTheHandlerLives_NothingIsRetriedAnyMore()
    {
        var settings = new GuardSettingsHolder(new GuardSettings(new StaleConnGuardOptions { Retry = { BaseDelay = TimeSpan.Zero } }));
        var probe = new Probe { Status = HttpStatusCode.ServiceUnavailable };
        using var client = new HttpClient(new RetryHandler(settings, new RetryServices()) { InnerHandler = probe });
        _ = await client.GetAsync(new Uri("http://origin.test/"));
        probe.Sends.ShouldBeGreaterThan(1);

        probe.Sends = 0;
        settings.Current = new GuardSettings(new StaleConnGuardOptions { Enabled = false });
        _ = await client.GetAsync(new Uri("http://origin.test/"));
        probe.Sends.ShouldBe(1);
    }

    [Fact]
    public void HttpClientHandler_IsGuardedByItsInnerHandlerAndStaysInTheChain()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new HttpClientHandler()).AddStaleConnGuard(o => o.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(5));
        using ServiceProvider provider = services.BuildServiceProvider();

        List<HttpMessageHandler> chain = HandlerChain.Of(provider, "orders");

        chain[^2].ShouldBeOfType<ConnectionGuardHandler>();
        var client = chain[^1].ShouldBeOfType<HttpClientHandler>();
        UnderlyingHandler.Of(client)!.PooledConnectionIdleTimeout.ShouldBeLessThan(TimeSpan.FromSeconds(5));
        client.UseCookies = false;
        client.MaxConnectionsPerServer = 7;
        UnderlyingHandler.Of(client)!.MaxConnectionsPerServer.ShouldBe(7);
    }

    private sealed class Probe : HttpMessageHandler
    {
        public bool SawExchange { get; private set; }

        public HttpStatusCode Status { get; init; } = HttpStatusCode.OK;

        public int Sends { get; set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(Send(request, cancellationToken));

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Sends++;
            SawExchange = Exchange.Current is not null;
            return new HttpResponseMessage(Status) { RequestMessage = request };
        }
    }
}
