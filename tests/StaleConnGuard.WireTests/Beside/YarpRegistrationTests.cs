using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;
using StaleConnGuard.Yarp;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>How the guard gets under YARP's clients, and where a cluster's options come from.</summary>
public sealed class YarpRegistrationTests
{
    private static readonly Uri s_nowhere = new("http://127.0.0.1:9/");

    [Theory]
    [InlineData("StaleConnGuard.ServerTimeout", "00:00:00", "KeepAlive:ServerTimeout")]
    [InlineData("StaleConnGuard.KeepAlive.Margn", "00:00:01", "Margn")]
    [InlineData("StaleConnGuard", "", "StaleConnGuard.ServerTimeout")]
    public async Task Metadata_NotAccepted_TheConfigurationIsNotLoadedAndTheErrorNamesClusterAndKey(string key, string value, string named)
    {
        Exception e = await Should.ThrowAsync<Exception>(async () =>
        {
            await using YarpHost proxy = await YarpHost.StartAsync(s_nowhere, yarp => yarp.AddStaleConnGuard(), new Dictionary<string, string> { [key] = value });
        });

        string all = e.ToString();
        all.ShouldContain("Invalid StaleConnGuard options for cluster 'orders'");
        all.ShouldContain(named);
    }

    [Fact]
    public async Task ConfigureHttpClient_AfterTheGuard_TheConfigurationIsNotLoadedAndTheErrorSaysWhatToDo()
    {
        Exception e = await Should.ThrowAsync<Exception>(async () =>
        {
            await using YarpHost proxy = await YarpHost.StartAsync(s_nowhere, yarp => yarp.AddStaleConnGuard().ConfigureHttpClient((_, _) => { }));
        });

        e.ToString().ShouldContain("Call AddStaleConnGuard() after ConfigureHttpClient()");
    }

    [Fact]
    public void Options_DefaultsOfAProxyThenSectionThenClusterThenMetadata()
    {
        IConfiguration section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["KeepAlive:ServerTimeout"] = "00:00:50",
            ["Clients:orders:KeepAlive:ServerTimeout"] = "00:00:40",
        }).Build();
        var registrations = new ProxyRegistrations();
        registrations.Add(section);

        registrations.OptionsOf("other", null).KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(50));
        StaleConnGuardOptions orders = registrations.OptionsOf("orders", null);
        orders.KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(40));
        orders.Retry.Enabled.ShouldBeFalse();
        orders.Replay.BufferOneShotUpTo.ShouldBe(65_536);
        orders.Replay.BufferUnknownLength.ShouldBeFalse();
        registrations.OptionsOf("orders", new Dictionary<string, string> { ["StaleConnGuard.ServerTimeout"] = "00:00:30", ["staleconnguard:Replay:MaxReplays"] = "1" })
            .ShouldSatisfyAllConditions(
                o => o.KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(30)),
                o => o.Replay.MaxReplays.ShouldBe(1));
    }

    [Fact]
    public void CreateClient_MetadataChanges_ANewClientIsMadeOtherwiseTheOldOneStays()
    {
        using ServiceProvider services = Services(yarp => yarp.AddStaleConnGuard());
        var factory = services.GetRequiredService<IForwarderHttpClientFactory>();
        Dictionary<string, string> metadata = new() { ["StaleConnGuard.ServerTimeout"] = "00:00:30", ["other"] = "1" };
        HttpMessageInvoker first = factory.CreateClient(Context(null, null, metadata));

        factory.CreateClient(Context(first, metadata, new(metadata) { ["other"] = "2" })).ShouldBeSameAs(first);
        factory.CreateClient(Context(first, metadata, new(metadata) { ["StaleConnGuard.ServerTimeout"] = "00:00:20" })).ShouldNotBeSameAs(first);
        factory.CreateClient(Context(first, metadata, [])).ShouldNotBeSameAs(first);
    }

    [Fact]
    public void CreateClient_FactoryOfTheApplication_ItsHandlersStayAboveTheGuard()
    {
        using ServiceProvider services = Services(yarp => yarp.AddStaleConnGuard(), before => before.AddSingleton<IForwarderHttpClientFactory, WrappingFactory>());

        HttpMessageInvoker client = services.GetRequiredService<IForwarderHttpClientFactory>().CreateClient(Context(null, null, null));

        // They may send a request more than once, so its identity is noted above them.
        HttpMessageHandler? outermost = InvokerHandler.Of(client).ShouldBeOfType<RequestIdentityHandler>().InnerHandler;
        HttpMessageHandler? handler = outermost.ShouldBeOfType<Marker>().InnerHandler;
        handler.ShouldBeOfType<RetryHandler>().InnerHandler.ShouldBeOfType<ConnectionGuardHandler>();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GuardWithoutThePackage_IsWarnedOfAtStart(bool withPackage)
    {
        var logs = new FakeLoggerProvider();
        await using YarpHost proxy = await YarpHost.StartAsync(
            s_nowhere, yarp => _ = withPackage ? yarp.AddStaleConnGuard() : yarp, services: s => s.AddStaleConnGuard(), logs: logs);

        logs.Collector.GetSnapshot().Count(entry => entry.Message.Contains("StaleConnGuard.Yarp", StringComparison.Ordinal)).ShouldBe(withPackage ? 0 : 1);
    }

    [Fact]
    public async Task Destination503_IsPassedOnAndFetchedOnce()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, 503);
            }
        });
        await using YarpHost proxy = await YarpHost.StartAsync(server.Uri, yarp => yarp.AddStaleConnGuard());
        using var client = new HttpClient();

        using HttpResponseMessage response = await client.GetAsync(proxy.Address);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        server.TotalExecutions.ShouldBe(1);
    }

    private static ServiceProvider Services(Action<IReverseProxyBuilder> configure, Action<IServiceCollection>? before = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        before?.Invoke(services);
        configure(services.AddReverseProxy());
        return services.BuildServiceProvider();
    }

    private static ForwarderHttpClientContext Context(HttpMessageInvoker? old, Dictionary<string, string>? oldMetadata, Dictionary<string, string>? metadata) => new()
    {
        ClusterId = YarpHost.Cluster,
        OldClient = old,
        OldConfig = global::Yarp.ReverseProxy.Configuration.HttpClientConfig.Empty,
        NewConfig = global::Yarp.ReverseProxy.Configuration.HttpClientConfig.Empty,
        OldMetadata = oldMetadata,
        NewMetadata = metadata,
    };

    private sealed class Marker : DelegatingHandler;

    private sealed class WrappingFactory : ForwarderHttpClientFactory
    {
        protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) => new Marker { InnerHandler = handler };
    }
}
