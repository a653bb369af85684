using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Tests.Hosting;

/// <summary>A client that is taken out is as it would be without this library.</summary>
public class ExclusionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RemoveStaleConnGuard_WhateverTheOrder_LeavesTheClientAsItIs(bool first)
    {
        var services = new ServiceCollection();
        Action[] calls = [() => services.AddHttpClient("orders").RemoveStaleConnGuard(), () => services.AddStaleConnGuard(), () => services.AddHttpClient("other")];
        foreach (Action call in first ? calls : calls.Reverse())
        {
            call();
        }

        ShouldBeUntouched(services, "orders");
    }

    [Fact]
    public void RemoveStaleConnGuard_WithoutAnythingToRemove_IsNoError() =>
        ShouldBeUntouched(Services(s => s.AddHttpClient("orders").RemoveStaleConnGuard()), "orders", guardsOthers: false);

    [Fact]
    public void RemoveStaleConnGuard_ThenAdd_TheLaterCallCounts()
    {
        IServiceCollection services = Services(s => s.AddHttpClient("orders").RemoveStaleConnGuard().AddStaleConnGuard());
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, "orders").ShouldBeGuarded();
    }

    [Fact]
    public void RemoveStaleConnGuard_InClientDefaults_LeavesThoseThatWereAddedByName()
    {
        IServiceCollection services = Services(s =>
        {
            s.AddStaleConnGuard();
            s.AddHttpClient("other").AddStaleConnGuard();
            s.ConfigureHttpClientDefaults(b => b.RemoveStaleConnGuard());
        });

        ShouldBeUntouched(services, "orders");
    }

    [Fact]
    public void Enabled_FalseInOptionsOfTheClient_LeavesItAsItIs() =>
        ShouldBeUntouched(Services(s => s.AddStaleConnGuard().AddHttpClient("orders").AddStaleConnGuard(o => o.Enabled = false)), "orders");

    [Fact]
    public void Enabled_FalseForEveryClientAndTrueForOne_GuardsThatOne()
    {
        IServiceCollection services = Services(s =>
        {
            s.AddStaleConnGuard(o => o.Enabled = false);
            s.AddHttpClient("other").AddStaleConnGuard(o => o.Enabled = true);
        });

        ShouldBeUntouched(services, "orders");
    }

    [Theory]
    [InlineData("Clients:orders:Enabled", "false", true)]
    [InlineData("Clients:Orders:Enabled", "False", true)]
    [InlineData("Enabled", "false", false)]
    public void Enabled_FalseInConfiguration_LeavesTheClientAsItIs(string key, string value, bool guardsOthers)
    {
        IConfiguration section = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();

        ShouldBeUntouched(Services(s => s.AddStaleConnGuard(section)), "orders", guardsOthers);
    }

    [Fact]
    public void Enabled_NoBoolean_IsAnErrorWithTheKey()
    {
        IConfiguration section = new ConfigurationBuilder().AddInMemoryCollection([new("Clients:orders:Enabled", "off")]).Build();
        using ServiceProvider provider = Services(s => s.AddStaleConnGuard(section)).BuildServiceProvider();

        Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate())
            .Message.ShouldContain("Clients:orders:Enabled is 'off'; accepted is true or false");
    }

    private static void ShouldBeUntouched(IServiceCollection services, string client, bool guardsOthers = true)
    {
        using var primary = new SocketsHttpHandler();
        services.AddHttpClient(client).ConfigurePrimaryHttpMessageHandler(() => primary);
        using ServiceProvider provider = services.BuildServiceProvider();

        HandlerChain.Of(provider, client).ShouldNotBeGuarded();
        using var plain = new SocketsHttpHandler();
        primary.ConnectTimeout.ShouldBe(plain.ConnectTimeout);
        primary.PooledConnectionIdleTimeout.ShouldBe(plain.PooledConnectionIdleTimeout);
        primary.PooledConnectionLifetime.ShouldBe(plain.PooledConnectionLifetime);
        primary.KeepAlivePingDelay.ShouldBe(plain.KeepAlivePingDelay);
        primary.ConnectCallback.ShouldBeNull();
        primary.PlaintextStreamFilter.ShouldBeNull();
        if (guardsOthers)
        {
            HandlerChain.Of(provider, "other").ShouldBeGuarded();
        }
    }

    private static IServiceCollection Services(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        configure(services);
        return services;
    }
}
