using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Hosting;

public class RegistrationTests
{
    private static readonly Action<IServiceCollection>[] s_steps =
    [
        s => s.AddHttpClient("orders").AddStaleConnGuard(),
        s => s.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { MaxConnectionsPerServer = 7 }),
        s => s.AddHttpClient("orders").AddHttpMessageHandler(() => new OwnHandler()),
        s => s.AddHttpClient("orders").UseSocketsHttpHandler((h, _) => h.AllowAutoRedirect = false),
    ];

    public static TheoryData<int, int, int, int> Orders()
    {
        var data = new TheoryData<int, int, int, int>();
        for (int a = 0; a < 4; a++)
        {
            for (int b = 0; b < 4; b++)
            {
                for (int c = 0; c < 4; c++)
                {
                    int d = 6 - a - b - c;
                    if (a != b && b != c && a != c)
                    {
                        data.Add(a, b, c, d);
                    }
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Orders))]
    public void AddStaleConnGuard_AnyOrderOfRegistrations_GuardIsInnermostAndRetriesOutermost(int a, int b, int c, int d)
    {
        var services = new ServiceCollection();
        foreach (int step in (int[])[a, b, c, d])
        {
            s_steps[step](services);
        }

        using ServiceProvider provider = services.BuildServiceProvider();
        List<HttpMessageHandler> chain = HandlerChain.Of(provider, "orders");

        chain.ShouldBeGuarded();
        chain.FindIndex(h => h is RetryHandler).ShouldBeLessThan(chain.FindIndex(h => h is OwnHandler));
    }

    [Fact]
    public void AddStaleConnGuard_OneClient_LeavesOthersAlone()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddStaleConnGuard();
        services.AddHttpClient("other");
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
        HandlerChain.Of(provider, "other").ShouldNotBeGuarded();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AddStaleConnGuard_OnServices_GuardsEveryClient(bool before)
    {
        var services = new ServiceCollection();
        if (before)
        {
            services.AddStaleConnGuard();
        }

        services.AddHttpClient("orders");
        if (!before)
        {
            services.AddStaleConnGuard();
        }

        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
        HandlerChain.Of(provider, "").ShouldBeGuarded();
        HandlerChain.Of(provider, "never registered").ShouldBeGuarded();
    }

    [Fact]
    public void AddStaleConnGuard_InClientDefaults_GuardsEveryClient()
    {
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(b => b.AddStaleConnGuard(o => o.Replay.MaxReplays = 2));
        services.AddHttpClient("orders");
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
        provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>().Get("orders").Replay.MaxReplays.ShouldBe(2);
    }

    [Fact]
    public void AddStaleConnGuard_Twice_IsOnce()
    {
        var services = new ServiceCollection();
        services.AddStaleConnGuard().AddStaleConnGuard();
        services.AddHttpClient("orders").AddStaleConnGuard().AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
    }

    [Fact]
    public void AddStaleConnGuard_OverAHandlerThatIsGuardedAlready_AddsNoSecondGuard()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders")
            .ConfigurePrimaryHttpMessageHandler(() => StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }))
            .AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
    }

    [Fact]
    public void AddStaleConnGuard_PrimaryIsADelegatingHandlerOfTheApplication_GuardGoesBelowIt()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders")
            .ConfigurePrimaryHttpMessageHandler(() => new OwnHandler { InnerHandler = new SocketsHttpHandler() })
            .AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        List<HttpMessageHandler> chain = HandlerChain.Of(provider, "orders");
        chain.ShouldBeGuarded();
        chain[^3].ShouldBeOfType<OwnHandler>();
    }

    [Fact]
    public void AddStaleConnGuard_ForeignPrimaryHandler_RetriesWorkAndOneWarningSaysSo()
    {
        using var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddHttpClient("orders")
            .ConfigurePrimaryHttpMessageHandler(() => new DerivedHandler())
            .AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        List<HttpMessageHandler> chain = HandlerChain.Of(provider, "orders");
        _ = HandlerChain.Of(provider, "orders");

        chain.ShouldContain(h => h is RetryHandler);
        chain.ShouldAllBe(h => !(h is ConnectionGuardHandler));
        log.Collector.GetSnapshot().Count(e => e.Id.Name == "ForeignPrimaryHandler" && e.Level == LogLevel.Warning && e.Message.Contains("orders", StringComparison.Ordinal)).ShouldBe(1);
        log.Collector.GetSnapshot().ShouldContain(e => e.Id.Name == "ForeignPrimaryHandler" && e.Message.Contains("Use a SocketsHttpHandler", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AddStaleConnGuard_HandlerInUse_WarnsAndLeavesItAlone()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        var used = new SocketsHttpHandler();
        using var plain = new HttpClient(used, disposeHandler: false);
        (await plain.GetAsync(server.Uri)).EnsureSuccessStatusCode();

        using var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddHttpClient("orders").ConfigurePrimaryHttpMessageHandler(() => new OwnHandler { InnerHandler = used }).AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldAllBe(h => !(h is ConnectionGuardHandler));
        log.Collector.GetSnapshot().ShouldContain(e => e.Id.Name == "HandlerInUse");
    }

    [Fact]
    public void AddStaleConnGuard_HandlerSharedByTwoClients_IsPreparedOnce()
    {
        using var shared = new SocketsHttpHandler();
        var services = new ServiceCollection();
        services.AddHttpClient("a").ConfigurePrimaryHttpMessageHandler(() => shared).AddStaleConnGuard();
        services.AddHttpClient("b").ConfigurePrimaryHttpMessageHandler(() => shared).AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "a").ShouldBeGuarded();
        object? filter = shared.PlaintextStreamFilter;
        HandlerChain.Of(provider, "b").ShouldBeGuarded();
        shared.PlaintextStreamFilter.ShouldBeSameAs(filter);
    }

    [Fact]
    public void AddStaleConnGuard_TypedAndKeyedClients_AreGuarded()
    {
        var services = new ServiceCollection();
        services.AddHttpClient<TypedClient>().AddStaleConnGuard();
        services.AddHttpClient("keyed").AddAsKeyed().AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        provider.GetRequiredService<TypedClient>().ShouldNotBeNull();
        HandlerChain.Of(provider, nameof(TypedClient)).ShouldBeGuarded();
        using IServiceScope scope = provider.CreateScope();
        scope.ServiceProvider.GetRequiredKeyedService<HttpClient>("keyed").ShouldNotBeNull();
        HandlerChain.Of(provider, "keyed").ShouldBeGuarded();
    }

    [Fact]
    public void AddStaleConnGuard_RetryOff_IsGuardedAllTheSame()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddStaleConnGuard(o => o.Retry.Enabled = false);
        using ServiceProvider provider = services.BuildServiceProvider();

        List<HttpMessageHandler> chain = HandlerChain.Of(provider, "orders");
        chain.ShouldBeGuarded();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Options_OwnOverCommon_WhateverTheOrder(bool ownFirst)
    {
        var services = new ServiceCollection();
        Action[] calls =
        [
            () => services.AddHttpClient("orders").AddStaleConnGuard(o => o.Replay.MaxReplays = 5),
            () => services.AddStaleConnGuard(o => o.Replay.MaxReplays = 2),
        ];
        foreach (Action call in ownFirst ? calls : calls.Reverse())
        {
            call();
        }

        using ServiceProvider provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>();
        options.Get("orders").Replay.MaxReplays.ShouldBe(5);
        options.Get("other").Replay.MaxReplays.ShouldBe(2);
    }

    [Fact]
    public void Options_FromConfiguration_ClientsSectionOverrides()
    {
        IConfiguration configuration = Configuration(
            ("StaleConnGuard:KeepAlive:ServerTimeout", "00:01:00"),
            ("StaleConnGuard:Clients:orders:KeepAlive:ServerTimeout", "00:00:05"));
        var services = new ServiceCollection();
        services.AddStaleConnGuard(configuration.GetSection("StaleConnGuard"));
        using ServiceProvider provider = services.BuildServiceProvider();

        var options = provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>();
        options.Get("orders").KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromSeconds(5));
        options.Get("other").KeepAlive.ServerTimeout.ShouldBe(TimeSpan.FromMinutes(1));
        ((SocketsHttpHandler)HandlerChain.Of(provider, "orders")[^1]).PooledConnectionIdleTimeout.ShouldBe(TimeSpan.FromSeconds(TcpSnapshot.IsSupported ? 4.9375 : 4));
    }

    [Fact]
    public void Options_ConfigurationReloaded_TakesEffectWithoutANewHandler()
    {
        IConfigurationRoot configuration = Configuration(("KeepAlive:ServerTimeout", "00:01:00"));
        var services = new ServiceCollection();
        services.AddStaleConnGuard(configuration);
        using ServiceProvider provider = services.BuildServiceProvider();
        _ = HandlerChain.Of(provider, "orders");
        GuardSettingsHolder settings = provider.GetRequiredService<GuardClients>().SettingsOf("orders");
        settings.Current.KeepAlive.ConfiguredTicks.ShouldBe(TimeSpan.FromMinutes(1).Ticks);

        configuration["KeepAlive:ServerTimeout"] = "00:00:10";
        configuration.Reload();

        settings.Current.KeepAlive.ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(10).Ticks);
    }

    [Fact]
    public void Options_ConfigurationReloadedWithAMistake_KeepsTheOldAndSaysSo()
    {
        using var log = new FakeLoggerProvider();
        IConfigurationRoot configuration = Configuration(("KeepAlive:ServerTimeout", "00:01:00"));
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddStaleConnGuard(configuration);
        using ServiceProvider provider = services.BuildServiceProvider();
        _ = HandlerChain.Of(provider, "orders");
        GuardSettingsHolder settings = provider.GetRequiredService<GuardClients>().SettingsOf("orders");

        configuration["KeepAlive:ServerTimeout"] = "soon";
        configuration.Reload();

        settings.Current.KeepAlive.ConfiguredTicks.ShouldBe(TimeSpan.FromMinutes(1).Ticks);
        log.Collector.GetSnapshot().ShouldContain(e => e.Id.Name == "ReloadRejected" && e.Message.Contains("soon", StringComparison.Ordinal));
    }

    [Fact]
    public void Options_OutOfRange_FailAtStart()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders").AddStaleConnGuard(o => o.Replay.MaxReplays = 99);
        using ServiceProvider provider = services.BuildServiceProvider();

        var e = Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());

        e.Message.ShouldContain("Replay:MaxReplays");
        e.Message.ShouldContain("99");
        e.Message.ShouldContain("10");
    }

    [Fact]
    public void StartupCheck_SettingsThatRace_AreSaidOnce()
    {
        using var log = new FakeLoggerProvider();
        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(log));
        services.AddHttpClient("orders").AddStaleConnGuard(o =>
        {
            o.KeepAlive.ServerTimeout = TimeSpan.FromSeconds(60);
            o.Transport.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(55);
        });
        using ServiceProvider provider = services.BuildServiceProvider();

        _ = HandlerChain.Of(provider, "orders");
        _ = HandlerChain.Of(provider, "orders");

        log.Collector.GetSnapshot().Count(e => e.Id.Name == "SettingsRace").ShouldBe(1);
    }

    [Fact]
    public void CreateClient_Timeout_IsKnownToTheRetries()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("orders", c => c.Timeout = TimeSpan.FromSeconds(7)).AddStaleConnGuard();
        using ServiceProvider provider = services.BuildServiceProvider();

        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        provider.GetRequiredService<GuardClients>().TimeoutOf("orders").Longest.ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public void Ledger_IsTheOneOfTheProcess()
    {
        using ServiceProvider provider = new ServiceCollection().AddStaleConnGuard().BuildServiceProvider();

        provider.GetRequiredService<IKeepAliveLedger>().ShouldBeSameAs(KeepAliveLedger.Shared);
    }

    private static IConfigurationRoot Configuration(params (string Key, string Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.ToDictionary(v => v.Key, v => (string?)v.Value)).Build();

    private sealed class OwnHandler : DelegatingHandler;

    private sealed class DerivedHandler : HttpClientHandler;

    private sealed class TypedClient(HttpClient client)
    {
        public HttpClient Client { get; } = client;
    }
}
