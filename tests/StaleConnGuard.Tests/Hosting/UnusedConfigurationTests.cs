using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Hosting;

public sealed class UnusedConfigurationTests : IDisposable
{
    private readonly FakeLoggerProvider _log = new();
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
    private readonly ServiceCollection _services = new();
    private ServiceProvider? _provider;

    public UnusedConfigurationTests()
    {
        _services.AddLogging(b => b.AddProvider(_log));
        _services.AddSingleton<IConfiguration>(_configuration);
    }

    public void Dispose()
    {
        _provider?.Dispose();
        _log.Dispose();
    }

    [Fact]
    public void Client_OfNoKnownName_IsSaidAtStartWithTheNearest()
    {
        _configuration["StaleConnGuard:Clients:ordrs:Enabled"] = "true";
        _services.AddHttpClient("orders", c => c.Timeout = TimeSpan.FromSeconds(7));
        _services.AddHttpClient("billing", c => c.Timeout = TimeSpan.FromSeconds(7));

        Start("StaleConnGuard");

        string warning = Warnings().ShouldHaveSingleItem();
        warning.ShouldContain("StaleConnGuard:Clients:ordrs");
        warning.ShouldContain("Did you mean orders?");
    }

    [Fact]
    public void Client_OfNoNameThatIsNear_IsSaidAtStart()
    {
        _configuration["StaleConnGuard:Clients:payments:Enabled"] = "true";
        _services.AddHttpClient("orders").AddStaleConnGuard();

        Start("StaleConnGuard");

        Warnings().ShouldHaveSingleItem().ShouldContain("Known are orders");
    }

    [Fact]
    public void Client_KnownByItsNameAlone_IsSaidWhenItIsMade()
    {
        _configuration["StaleConnGuard:Clients:ordrs:Enabled"] = "true";
        _services.AddHttpClient("orders");
        Start("StaleConnGuard");

        _ = HandlerChain.Of(_provider!, "orders");
        _ = HandlerChain.Of(_provider!, "orders");

        Warnings().ShouldHaveSingleItem().ShouldContain("Did you mean orders?");
    }

    [Fact]
    public void Client_TakenOut_IsSaid()
    {
        _configuration["StaleConnGuard:Clients:orders:Replay:MaxReplays"] = "2";
        _services.AddHttpClient("orders").RemoveStaleConnGuard();

        Start("StaleConnGuard");

        Warnings().ShouldHaveSingleItem().ShouldContain("RemoveStaleConnGuard");
    }

    [Theory]
    [InlineData("named")]
    [InlineData("configured")]
    [InlineData("typed")]
    [InlineData("typed with a name")]
    [InlineData("keyed")]
    public void Client_ThatIsThere_IsNotSaid(string kind)
    {
        _configuration["StaleConnGuard:Clients:TypedClient:Enabled"] = "true";
        switch (kind)
        {
            case "named":
                _services.AddHttpClient("TypedClient").AddStaleConnGuard();
                break;
            case "configured":
                _services.AddHttpClient("typedclient", c => c.Timeout = TimeSpan.FromSeconds(7));
                break;
            case "typed":
                _services.AddHttpClient("another", c => c.Timeout = TimeSpan.FromSeconds(7));
                _services.AddHttpClient<TypedClient>();
                break;
            case "typed with a name":
                _services.AddHttpClient<TypedClient>("TypedClient", c => c.Timeout = TimeSpan.FromSeconds(7));
                break;
            default:
                _services.AddHttpClient("TypedClient").AddAsKeyed();
                break;
        }

        Start("StaleConnGuard");

        Warnings().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("StaleConGuard", "StaleConnGuard")]
    [InlineData("Http:Gard", "Guard")]
    public void Section_ThatIsNotThere_IsSaidWithTheNearest(string path, string nearest)
    {
        _configuration["StaleConnGuard:Replay:MaxReplays"] = "2";
        _configuration["Http:Guard:Replay:MaxReplays"] = "2";

        Start(path);

        string warning = Warnings().ShouldHaveSingleItem();
        warning.ShouldContain($"'{path}'");
        warning.ShouldContain($"Did you mean {nearest}?");
    }

    [Fact]
    public void Section_OfOneClient_ThatIsNotThere_IsSaid()
    {
        _configuration["Orders:Replay:MaxReplays"] = "2";
        _services.AddHttpClient("orders").AddStaleConnGuard(_configuration.GetSection("Order"));
        _provider = _services.BuildServiceProvider();

        _ = HandlerChain.Of(_provider, "orders");

        Warnings().ShouldHaveSingleItem().ShouldContain("Did you mean Orders?");
    }

    [Fact]
    public void Section_ThatIsEmpty_IsNotSaid()
    {
        _configuration["StaleConnGuard"] = null;

        Start("StaleConnGuard");

        Warnings().ShouldBeEmpty();
    }

    private void Start(string section)
    {
        _services.AddStaleConnGuard(_configuration.GetSection(section));
        _provider = _services.BuildServiceProvider();
        _provider.GetRequiredService<IStartupValidator>().Validate();
    }

    private List<string> Warnings() => [.. _log.Collector.GetSnapshot().Where(e => e.Id.Id == 109 && e.Level == LogLevel.Warning).Select(e => e.Message)];

    private sealed class TypedClient(HttpClient client)
    {
        public HttpClient Client { get; } = client;
    }
}
