using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Hosting;

public sealed class ReloadTests : IDisposable
{
    private const string Global = "StaleConnGuard:Replay:MaxReplays";
    private const string Own = "StaleConnGuard:Clients:orders:Replay:MaxReplays";

    private readonly FakeLoggerProvider _log = new();
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
    private ServiceProvider? _provider;

    public void Dispose()
    {
        _provider?.Dispose();
        _log.Dispose();
    }

    [Theory]
    [InlineData(Global, "many")]
    [InlineData(Global, "99")]
    [InlineData(Own, "many")]
    [InlineData(Own, "99")]
    [InlineData("StaleConnGuard:Clients:orders:KeepAlive", "not a section")]
    [InlineData("StaleConnGuard:KeepAlive", "not a section")]
    public void Reload_NotValid_TheLastValidOptionsStayInForceThroughRotationUntilMended(string key, string wrong)
    {
        Start((Global, "2"));
        MakeHandler("orders");

        Save(key, wrong);
        MakeHandler("orders");
        InForce("orders").ShouldBe(2);
        Monitored("orders").ShouldBe(2);
        Monitored("").ShouldBe(2);

        Save(key, null);
        Save(Global, "4");
        MakeHandler("orders");
        InForce("orders").ShouldBe(4);
        Monitored("orders").ShouldBe(4);
        Monitored("").ShouldBe(4);
    }

    [Fact]
    public void Reload_NotValid_AClientMadeForTheFirstTimeGetsTheLastValidOptions()
    {
        Start((Global, "2"), ("StaleConnGuard:Clients:late:Replay:MaxReplays", "5"));

        Save(Global, "many");

        MakeHandler("late");
        InForce("late").ShouldBe(5);
        InForce("never named anywhere").ShouldBe(2);
    }

    [Fact]
    public void Reload_NotValid_IsTakenWholeOrNotAtAll()
    {
        Start((Global, "2"));
        MakeHandler("orders");
        MakeHandler("other");

        _configuration[Global] = "7";
        Save(Own, "99");

        InForce("orders").ShouldBe(2);
        InForce("other").ShouldBe(2);
    }

    [Fact]
    public void Reload_EachRejectedOneIsSaidOnceAndEachAcceptedOneOnce()
    {
        Start((Global, "2"));
        MakeHandler("orders");
        MakeHandler("other");

        Save(Global, "many");
        _configuration.Reload();
        MakeHandler("orders");
        MakeHandler("other");
        Rejected().ShouldHaveSingleItem().ShouldContain("many");

        Save(Global, "99");
        MakeHandler("orders");
        Rejected().Count.ShouldBe(2);
        Rejected()[1].ShouldContain("99");
        Accepted().ShouldBe(0);

        Save(Global, "3");
        _configuration.Reload();
        Accepted().ShouldBe(1);
        Rejected().Count.ShouldBe(2);
        InForce("orders").ShouldBe(3);
    }

    [Fact]
    public void Reload_MendedToWhatWasInForce_IsSaidOnce()
    {
        Start((Global, "2"));
        MakeHandler("orders");

        Save(Global, "many");
        Save(Global, "2");
        _configuration.Reload();

        Accepted().ShouldBe(1);
        InForce("orders").ShouldBe(2);
    }

    [Fact]
    public void Reload_OfSomethingElse_IsNotSaid()
    {
        Start((Global, "2"));
        MakeHandler("orders");

        Save("Logging:LogLevel:Default", "Debug");

        Accepted().ShouldBe(0);
        Rejected().ShouldBeEmpty();
    }

    [Fact]
    public void Reload_SeveralSectionsOfOneConfiguration_IsSaidOnce()
    {
        Start(
            s => s.AddHttpClient("orders").AddStaleConnGuard(_configuration.GetSection("Orders")),
            (Global, "2"), ("Orders:Replay:MaxReplays", "5"));
        MakeHandler("orders");

        Save("Orders:Replay:MaxReplays", "99");
        Rejected().Count.ShouldBe(1);
        InForce("orders").ShouldBe(5);

        Save("Orders:Replay:MaxReplays", "6");
        Accepted().ShouldBe(1);
        InForce("orders").ShouldBe(6);
    }

    [Fact]
    public void Reload_NotValid_ScopesOfTheApplicationKeepTheLastValidOptions()
    {
        Start((Global, "2"));

        Save(Global, "many");
        using (IServiceScope scope = _provider!.CreateScope())
        {
            scope.ServiceProvider.GetRequiredService<IOptionsSnapshot<StaleConnGuardOptions>>().Get("orders").Replay.MaxReplays.ShouldBe(2);
        }

        Save(Global, "3");
        using (IServiceScope scope = _provider!.CreateScope())
        {
            scope.ServiceProvider.GetRequiredService<IOptionsSnapshot<StaleConnGuardOptions>>().Get("orders").Replay.MaxReplays.ShouldBe(3);
        }
    }

    [Fact]
    public void Reload_Accepted_ListenersOfTheApplicationHearOfIt()
    {
        Start(s => s.AddHttpClient("orders").AddStaleConnGuard(), (Global, "2"));
        var heard = new List<string>();
        using IDisposable? listening = Monitor.OnChange((options, name) => heard.Add($"{name}={options.Replay.MaxReplays}"));

        Save(Global, "many");
        heard.ShouldBeEmpty();

        Save(Global, "3");
        heard.ShouldContain("=3");
        heard.ShouldContain("orders=3");
    }

    [Fact]
    public void Reload_OfASectionTheApplicationBoundItself_KeepsTheLastValidOptions()
    {
        Start(s => s.Configure<StaleConnGuardOptions>("orders", _configuration.GetSection("Bound")), (Global, "2"), ("Bound:Replay:MaxReplays", "5"));
        MakeHandler("orders");

        Save("Bound:Replay:MaxReplays", "99");
        MakeHandler("orders");
        InForce("orders").ShouldBe(5);
        Rejected().ShouldHaveSingleItem().ShouldContain("99");

        Save("Bound:Replay:MaxReplays", "6");
        InForce("orders").ShouldBe(6);
        MakeHandler("orders");
        Monitored("orders").ShouldBe(6);
    }

    [Fact]
    public void Reload_OfAFileThatCannotBeRead_KeepsTheLastValidOptions()
    {
        string path = Path.Combine(Path.GetTempPath(), $"scg-{Guid.NewGuid():N}.json");
        File.WriteAllText(path, """{ "Replay": { "MaxReplays": 2 } }""");
        IConfigurationRoot file = new ConfigurationBuilder().AddJsonFile(path, optional: false, reloadOnChange: false).Build();
        Start(s => s.AddHttpClient("orders").AddStaleConnGuard(file));
        MakeHandler("orders");

        File.WriteAllText(path, """{ "Replay": { "MaxReplays": 2 """);
        Should.Throw<InvalidDataException>(file.Reload);
        MakeHandler("orders");
        InForce("orders").ShouldBe(2);
        MakeHandler("made now");

        File.WriteAllText(path, """{ "Replay": { "MaxReplays": 4 } }""");
        file.Reload();
        InForce("orders").ShouldBe(4);
        File.Delete(path);
    }

    [Fact]
    public void Start_NotValid_FailsAndAMendedFileIsTaken()
    {
        Configure(_ => { }, (Global, "many"));
        Should.Throw<OptionsValidationException>(() => _provider!.GetRequiredService<IStartupValidator>().Validate());
        Should.Throw<OptionsValidationException>(() => Monitored("orders"));

        Save(Global, "3");

        Monitored("orders").ShouldBe(3);
    }

    [Fact]
    public void Start_OneMistakeOfEveryClient_IsSaidOnce()
    {
        Configure(
            s =>
            {
                s.AddHttpClient("orders").AddStaleConnGuard();
                s.AddHttpClient("other").AddStaleConnGuard(o => o.Replay.MaxReplays = 77);
            },
            (Global, "99"));

        var e = Should.Throw<OptionsValidationException>(() => _provider!.GetRequiredService<IStartupValidator>().Validate());

        e.Failures.Count(f => f.Contains("99", StringComparison.Ordinal)).ShouldBe(1);
        e.Failures.Count(f => f.Contains("77", StringComparison.Ordinal)).ShouldBeLessThanOrEqualTo(1);
    }

    private IOptionsMonitor<StaleConnGuardOptions> Monitor => _provider!.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>();

    private void Start(params (string Key, string Value)[] values) => Start(_ => { }, values);

    private void Start(Action<IServiceCollection> more, params (string Key, string Value)[] values)
    {
        Configure(more, values);
        _provider!.GetRequiredService<IStartupValidator>().Validate();
    }

    private void Configure(Action<IServiceCollection> more, params (string Key, string Value)[] values)
    {
        foreach ((string key, string value) in values)
        {
            _configuration[key] = value;
        }

        var services = new ServiceCollection();
        services.AddLogging(b => b.AddProvider(_log));
        services.AddStaleConnGuard(_configuration.GetSection("StaleConnGuard"));
        more(services);
        _provider = services.BuildServiceProvider();
    }

    private void Save(string key, string? value)
    {
        _configuration[key] = value;
        _configuration.Reload();
    }

    /// <summary>As the factory makes a handler when the one before has lived its two minutes.</summary>
    private void MakeHandler(string client)
    {
        var builder = _provider!.GetRequiredService<HttpMessageHandlerBuilder>();
        builder.Name = client;
        Action<HttpMessageHandlerBuilder> configure = static _ => { };
        foreach (IHttpMessageHandlerBuilderFilter filter in _provider!.GetServices<IHttpMessageHandlerBuilderFilter>().Reverse())
        {
            configure = filter.Configure(configure);
        }

        configure(builder);
        builder.Build().Dispose();
    }

    private int InForce(string client) => _provider!.GetRequiredService<GuardClients>().SettingsOf(client).Current.MaxReplays;

    private int Monitored(string name) => Monitor.Get(name).Replay.MaxReplays;

    private List<string> Rejected() => [.. _log.Collector.GetSnapshot().Where(e => e.Id.Id == 105 && e.Level == LogLevel.Error).Select(e => e.Message)];

    private int Accepted() => _log.Collector.GetSnapshot().Count(e => e.Id.Name == "ReloadAccepted" && e.Level == LogLevel.Information);
}
