using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary><see cref="KeepAliveOptions.Origins"/> by logical name, with Microsoft.Extensions.ServiceDiscovery.</summary>
public class ServiceDiscoveryTests
{
    [Theory]
    [InlineData("http://orders/", "http://orders")]
    [InlineData("https+http://orders/", "http://orders")]
    [InlineData("http://_api.orders/", "http://_api.orders")]
    public async Task Origin_ByItsLogicalName_IsHonoured(string address, string origin)
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        await using ServiceProvider provider = Provider(server, o => o.KeepAlive.Origins[origin] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(7) });
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        (await client.GetStringAsync(new Uri(address))).ShouldBe("ok");

        Configured(provider, server).ShouldBe(TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task Origin_ByItsAddress_ComesBeforeTheLogicalName()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        await using ServiceProvider provider = Provider(server, o =>
        {
            o.KeepAlive.Origins["http://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(7) };
            o.KeepAlive.Origins[$"http://127.0.0.1:{server.Uri.Port}"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(8) };
        });
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        (await client.GetStringAsync(new Uri("http://orders/"))).ShouldBe("ok");

        Configured(provider, server).ShouldBe(TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Origin_OfAnotherName_IsNotApplied()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        await using ServiceProvider provider = Provider(server, o => o.KeepAlive.Origins["http://billing"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(7) });
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        (await client.GetStringAsync(new Uri("http://orders/"))).ShouldBe("ok");

        Configured(provider, server).ShouldBeNull();
    }

    [Theory]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("https://127.0.0.1", true)]
    [InlineData("http://127.0.0.2", false)]
    [InlineData("http://orders", false)]
    public async Task Origin_ThatIsOnlyNearlyWhereRequestsGo_IsSaidOnce(string origin, bool said)
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        using var log = new FakeLoggerProvider();
        await using ServiceProvider provider = Provider(server, o => o.KeepAlive.Origins[origin] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(7) }, log);
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");

        (await client.GetStringAsync(new Uri("http://orders/"))).ShouldBe("ok");
        (await client.GetStringAsync(new Uri("http://orders/"))).ShouldBe("ok");

        List<string> warnings = [.. log.Collector.GetSnapshot().Where(e => e.Id.Name == "UnusedConfiguration").Select(e => e.Message)];
        warnings.Count.ShouldBe(said ? 1 : 0);
        warnings.ShouldAllBe(w => w.Contains($"127.0.0.1:{server.Uri.Port}", StringComparison.Ordinal));
    }

    private static TimeSpan? Configured(ServiceProvider provider, ScriptedServer server)
    {
        provider.GetRequiredService<IKeepAliveLedger>().TryGet(server.Uri, out OriginKeepAlive? known).ShouldBeTrue();
        return known!.Configured;
    }

    private static ServiceProvider Provider(ScriptedServer server, Action<StaleConnGuardOptions> configure, FakeLoggerProvider? log = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            [
                new("Services:orders:http:0", $"http://127.0.0.1:{server.Uri.Port}"),
                new("Services:orders:api:0", $"http://127.0.0.1:{server.Uri.Port}"),
            ]).Build());
        if (log is not null)
        {
            services.AddLogging(b => b.AddProvider(log));
        }

        services.AddServiceDiscovery();
        services.AddHttpClient("orders").AddServiceDiscovery();
        services.AddStaleConnGuard(configure);
        return services.BuildServiceProvider();
    }
}
