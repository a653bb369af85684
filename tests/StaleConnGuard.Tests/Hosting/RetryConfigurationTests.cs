using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Tests.Hosting;

public class RetryConfigurationTests
{
    [Fact]
    public void Configuration_EveryKey_IsReadAndListsReplaceTheDefaults()
    {
        StaleConnGuardOptions read = Read(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Retry:Enabled"] = "false",
            ["Retry:MaxRetries"] = "5",
            ["Retry:BaseDelay"] = "00:00:01",
            ["Retry:MaxDelay"] = "00:00:02",
            ["Retry:Jitter"] = "Decorrelated",
            ["Retry:StatusCodes:0"] = "429",
            ["Retry:StatusCodes:1"] = "503",
            ["Retry:HonorRetryAfter"] = "false",
            ["Retry:MaxRetryAfter"] = "00:01:00",
            ["Retry:CallerTimeout"] = "00:00:10",
            ["Retry:Budget:Ratio"] = "0.5",
            ["Retry:Budget:MinRetriesPerSecond"] = "3",
            ["Replay:BufferOneShotUpTo"] = "65536",
        });
        RetryOptions retry = read.Retry;
        retry.Enabled.ShouldBeFalse();
        retry.MaxRetries.ShouldBe(5);
        retry.BaseDelay.ShouldBe(TimeSpan.FromSeconds(1));
        retry.MaxDelay.ShouldBe(TimeSpan.FromSeconds(2));
        retry.Jitter.ShouldBe(RetryJitter.Decorrelated);
        retry.StatusCodes!.Select(c => (int)c).ShouldBe([429, 503]);
        retry.HonorRetryAfter.ShouldBeFalse();
        retry.MaxRetryAfter.ShouldBe(TimeSpan.FromMinutes(1));
        retry.CallerTimeout.ShouldBe(TimeSpan.FromSeconds(10));
        retry.Budget.Ratio.ShouldBe(0.5);
        retry.Budget.MinRetriesPerSecond.ShouldBe(3);
        read.Replay.BufferOneShotUpTo.ShouldBe(65_536);
    }

    [Theory]
    [InlineData("Retry:StatusCodes:0", "200", "StatusCodes:0 is '200'; accepted is a list of whole numbers between 400 and 599")]
    [InlineData("Retry:Budget:Ratio", "11", "Retry:Budget:Ratio is '11'; accepted is a number between 0 and 10")]
    [InlineData("Retry:Budget:Ration", "1", "Retry:Budget:Ration is not known.")]
    [InlineData("Retry:CallerTimeout", "5", "Retry:CallerTimeout is '5'; accepted is a time")]
    [InlineData("Replay:BufferOneShotUpTo", "0", "Replay:BufferOneShotUpTo is '0'; accepted is a whole number between 1 and 104857600")]
    public void Configuration_WrongValue_NamesKeyValueAndRange(string key, string value, string error) =>
        Should.Throw<OptionsValidationException>(() => Read(new Dictionary<string, string?>(StringComparer.Ordinal) { [key] = value })).Message.ShouldContain(error);

    /// <summary>Two keys that do not fit together are each named by the full path of where they stand.</summary>
    [Fact]
    public void Configuration_MaxDelayBelowBaseDelay_NamesBothKeysByTheirFullPath()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Http:Guard:Retry:BaseDelay"] = "00:00:02",
            ["Http:Guard:Clients:any:Retry:MaxDelay"] = "00:00:01",
        }).Build();
        var services = new ServiceCollection();
        services.AddStaleConnGuard(configuration.GetSection("Http:Guard"));
        using ServiceProvider provider = services.BuildServiceProvider();
        IOptionsMonitor<StaleConnGuardOptions> options = provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>();

        Should.Throw<OptionsValidationException>(() => options.Get("any")).Message
            .ShouldContain("Http:Guard:Clients:any:Retry:MaxDelay is 00:00:01; accepted is: between Http:Guard:Retry:BaseDelay (00:00:02) and 01:00:00");
        options.Get("other").Retry.BaseDelay.ShouldBe(TimeSpan.FromSeconds(2));
    }

    /// <summary>What code has set since is not said to stand in the configuration.</summary>
    [Fact]
    public void Configuration_MaxDelayChangedInCode_IsNotNamedByThePath()
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal) { ["Guard:Retry:MaxDelay"] = "00:00:05" }).Build();
        var services = new ServiceCollection();
        services.AddStaleConnGuard(configuration.GetSection("Guard"));
        services.Configure<StaleConnGuardOptions>("any", o => o.Retry.MaxDelay = TimeSpan.Zero);
        using ServiceProvider provider = services.BuildServiceProvider();

        Should.Throw<OptionsValidationException>(() => provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>().Get("any")).Message
            .ShouldContain("Retry:MaxDelay is 00:00:00; accepted is: between Retry:BaseDelay (00:00:00.2000000) and 01:00:00");
    }

    private static StaleConnGuardOptions Read(Dictionary<string, string?> values)
    {
        var services = new ServiceCollection();
        services.AddStaleConnGuard(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<StaleConnGuardOptions>>().Get("any");
    }
}
