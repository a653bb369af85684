using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.AspNetCore;

public class StaleHitHealthCheckTests
{
    [Fact]
    public async Task Check_UnsafeStaleHitSurfaced_IsDegradedForAsLongAsTheWindow()
    {
        var clock = new TestClock();
        var ledger = new KeepAliveLedger(clock);
        OriginKnowledge origin = ledger.GetOrAdd(new OriginKey("https", "api.test", 443, null), KeepAliveSettings.Default);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IKeepAliveLedger>(ledger);
        services.AddSingleton<TimeProvider>(clock);
        services.AddHealthChecks().AddStaleConnGuard(window: TimeSpan.FromMinutes(5));
        await using ServiceProvider provider = services.BuildServiceProvider();
        var health = provider.GetRequiredService<HealthCheckService>();

        (await health.CheckHealthAsync()).Status.ShouldBe(HealthStatus.Healthy);

        origin.StaleHit(TimeSpan.FromSeconds(3));
        (await health.CheckHealthAsync()).Status.ShouldBe(HealthStatus.Healthy, "a healed stale hit is no illness");

        origin.Surfaced();
        HealthReport report = await health.CheckHealthAsync();
        report.Status.ShouldBe(HealthStatus.Degraded);
        report.Entries["staleconnguard"].Data.Keys.ShouldBe(["https://api.test:443"]);
        report.Entries["staleconnguard"].Description!.ShouldContain("KeepAlive.ServerTimeout");

        clock.Advance(TimeSpan.FromMinutes(5));
        (await health.CheckHealthAsync()).Status.ShouldBe(HealthStatus.Degraded);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        (await health.CheckHealthAsync()).Status.ShouldBe(HealthStatus.Healthy);
    }

    [Fact]
    public void Add_WindowNotAboveZero_Throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ServiceCollection().AddHealthChecks().AddStaleConnGuard(window: TimeSpan.Zero)).ParamName.ShouldBe("window");
}
