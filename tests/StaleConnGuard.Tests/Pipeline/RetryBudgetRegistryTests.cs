using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

public class RetryBudgetRegistryTests
{
    private readonly TestClock _clock = new();

    [Fact]
    public void For_SameClock_IsOneRegistry()
    {
        RetryBudgetRegistry.For(_clock).ShouldBeSameAs(RetryBudgetRegistry.For(_clock));
        RetryBudgetRegistry.For(_clock).ShouldNotBeSameAs(RetryBudgetRegistry.For(TimeProvider.System));
        new RetryServices().Budgets.ShouldBeSameAs(new RetryServices().Budgets);
    }

    [Fact]
    public void GetOrAdd_TooManyOrigins_DropsTheLeastRecentlyUsed()
    {
        var registry = new RetryBudgetRegistry(_clock);
        RetryBudget old = registry.GetOrAdd(Origin(0));
        RetryBudget busy = registry.GetOrAdd(Origin(1));
        for (int i = 2; i < RetryBudgetRegistry.MaxOrigins; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            registry.GetOrAdd(Origin(i));
        }

        busy.Earn(1, _clock.GetTimestamp());
        for (int i = 0; i < 10_000; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            registry.GetOrAdd(Origin(100_000 + i)).Earn(1, _clock.GetTimestamp());
            registry.Count.ShouldBeLessThanOrEqualTo(RetryBudgetRegistry.MaxOrigins);
            busy.Earn(1, _clock.GetTimestamp());
        }

        old.IsDropped.ShouldBeTrue();
        registry.GetOrAdd(Origin(0)).ShouldNotBeSameAs(old);
        busy.IsDropped.ShouldBeFalse();
        registry.GetOrAdd(Origin(1)).ShouldBeSameAs(busy);
    }

    [Fact]
    public void Cache_BudgetRetired_LooksItUpAgain()
    {
        var registry = new RetryBudgetRegistry(_clock);
        var cache = new OriginBudgetCache(registry);
        RetryBudget first = cache.Find(new Uri("http://a.test/x"))!;
        cache.Find(new Uri("http://A.test/y")).ShouldBeSameAs(first);
        for (int i = 0; i < RetryBudgetRegistry.MaxOrigins; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            registry.GetOrAdd(Origin(i));
        }

        first.IsDropped.ShouldBeTrue();
        cache.Find(new Uri("http://a.test/x")).ShouldNotBeSameAs(first);
    }

    [Fact]
    public void Cache_NoAbsoluteAddress_HasNoBudget()
    {
        var cache = new OriginBudgetCache(new RetryBudgetRegistry(_clock));
        cache.Find(null).ShouldBeNull();
        cache.Find(new Uri("/relative", UriKind.Relative)).ShouldBeNull();
    }

    private static OriginKey Origin(int i) => new("http", $"host{i}.test", 80, null);
}
