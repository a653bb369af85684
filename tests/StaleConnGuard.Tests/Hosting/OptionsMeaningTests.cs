using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Tests.Hosting;

/// <summary>What <c>services.Configure</c> and its relatives mean for the clients.</summary>
public class OptionsMeaningTests
{
    [Fact]
    public void Configure_WithoutAName_IsForEveryClient() =>
        MaxReplays(s => s.Configure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4), "", "orders").ShouldBe([4, 4]);

    [Fact]
    public void Configure_WithAName_IsForThatClient() =>
        MaxReplays(s => s.Configure<StaleConnGuardOptions>("orders", o => o.Replay.MaxReplays = 4), "orders", "other").ShouldBe([4, 3]);

    [Fact]
    public void ConfigureAll_IsForEveryClientAndAppliedOnce()
    {
        var services = new ServiceCollection().AddStaleConnGuard();
        int calls = 0;
        services.ConfigureAll<StaleConnGuardOptions>(o =>
        {
            calls++;
            o.Replay.MaxReplays = 4;
        });

        MaxReplays(services, "orders").ShouldBe([4]);
        calls.ShouldBe(1);
    }

    [Fact]
    public void PostConfigure_WithoutAName_IsForEveryClientAndComesLast() =>
        MaxReplays(
            s =>
            {
                s.PostConfigure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4);
                s.AddHttpClient("orders").AddStaleConnGuard(o => o.Replay.MaxReplays = 5);
            },
            "", "orders").ShouldBe([4, 4]);

    [Fact]
    public void PostConfigure_WithAName_IsForThatClient() =>
        MaxReplays(s => s.PostConfigure<StaleConnGuardOptions>("orders", o => o.Replay.MaxReplays = 4), "orders", "other").ShouldBe([4, 3]);

    [Fact]
    public void PostConfigureAll_IsForEveryClient() =>
        MaxReplays(s => s.PostConfigureAll<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4), "", "orders").ShouldBe([4, 4]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Configure_WithAndWithoutAName_TheClientsOwnWinsWhateverTheOrder(bool ownFirst) =>
        MaxReplays(
            s =>
            {
                Action[] calls =
                [
                    () => s.Configure<StaleConnGuardOptions>("orders", o => o.Replay.MaxReplays = 5),
                    () => s.Configure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4),
                ];
                foreach (Action call in ownFirst ? calls : calls.Reverse())
                {
                    call();
                }
            },
            "orders", "other").ShouldBe([5, 4]);

    [Fact]
    public void Configure_AndAddStaleConnGuard_TheLaterWins()
    {
        MaxReplays(
            s =>
            {
                s.AddStaleConnGuard(o => o.Replay.MaxReplays = 5);
                s.Configure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4);
            },
            "", "orders").ShouldBe([4, 4]);
        MaxReplays(
            s =>
            {
                s.Configure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4);
                s.AddStaleConnGuard(o => o.Replay.MaxReplays = 5);
            },
            "", "orders").ShouldBe([5, 5]);
    }

    [Fact]
    public void OptionsBuilder_WithADependency_IsForEveryClient() =>
        MaxReplays(
            s =>
            {
                s.AddSingleton(new Wanted(4));
                s.AddOptions<StaleConnGuardOptions>().Configure<Wanted>((o, wanted) => o.Replay.MaxReplays = wanted.MaxReplays);
                s.AddOptions<StaleConnGuardOptions>("orders").PostConfigure<Wanted>((o, wanted) => o.Replay.MaxReplays = wanted.MaxReplays + 1);
            },
            "", "orders", "other").ShouldBe([4, 5, 4]);

    [Fact]
    public void OptionsBuilder_BindConfiguration_IsForEveryClient()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Mine:Replay:MaxReplays", "4")]).Build();
        MaxReplays(
            s =>
            {
                s.AddSingleton(configuration);
                s.AddOptions<StaleConnGuardOptions>().BindConfiguration("Mine");
            },
            "", "orders").ShouldBe([4, 4]);
    }

    [Fact]
    public void OwnConfigureOptions_NotNamed_IsForEveryClient() =>
        MaxReplays(s => s.ConfigureOptions<OwnSetup>(), "", "orders").ShouldBe([4, 4]);

    [Fact]
    public void Configuration_ClientsSection_WinsOverEverythingThatIsForEveryClient()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Clients:orders:Replay:MaxReplays", "6")]).Build();
        MaxReplays(
            s =>
            {
                s.AddStaleConnGuard(configuration);
                s.AddStaleConnGuard(o => o.Replay.MaxReplays = 5);
                s.Configure<StaleConnGuardOptions>(o => o.Replay.MaxReplays = 4);
            },
            "orders", "other").ShouldBe([6, 4]);
    }

    [Fact]
    public void Validate_OfTheApplication_IsAsked()
    {
        var services = new ServiceCollection().AddStaleConnGuard();
        services.AddOptions<StaleConnGuardOptions>().Validate(o => o.Replay.MaxReplays != 3, "three is too many");
        using ServiceProvider provider = services.BuildServiceProvider();

        Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate()).Message.ShouldContain("three is too many");
    }

    private static int[] MaxReplays(Action<IServiceCollection> configure, params string[] names)
    {
        var services = new ServiceCollection().AddStaleConnGuard();
        configure(services);
        return MaxReplays(services, names);
    }

    private static int[] MaxReplays(IServiceCollection services, params string[] names)
    {
        using ServiceProvider provider = services.BuildServiceProvider();
        var monitor = provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>();
        return [.. names.Select(n => monitor.Get(n).Replay.MaxReplays)];
    }

    private sealed record Wanted(int MaxReplays);

    private sealed class OwnSetup : IConfigureOptions<StaleConnGuardOptions>
    {
        public void Configure(StaleConnGuardOptions options) => options.Replay.MaxReplays = 4;
    }
}
