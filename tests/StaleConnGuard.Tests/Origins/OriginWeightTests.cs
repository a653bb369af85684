using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Origins;

/// <summary>What an origin weighs at most, on a 64-bit machine: a process may meet a thousand of them. The texts of its key are the connection pool's as well and not counted.</summary>
[Collection(nameof(AloneOnTheHeap))]
public class OriginWeightTests(ITestOutputHelper output)
{
    private readonly TestClock _clock = new();
    private readonly OriginKey[] _keys = [.. Enumerable.Range(0, 1_000).Select(i => new OriginKey("https", $"host{i}.test", 443, Proxy: null))];

    /// <summary>
    /// With its budget, and everything that can be observed of it, and its places in both tables. What the tables grew out of on the way is not counted: how often
    /// they grow depends on how the process hashes texts.
    /// </summary>
    [Fact]
    public void ThousandOrigins_ObservedAndWithTheirBudgets_KeepLessThan1KilobyteEach()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var ledger = new KeepAliveLedger(_clock);
        var budgets = new RetryBudgetRegistry(_clock);
        foreach (OriginKey key in _keys)
        {
            budgets.GetOrAdd(key).Earn(1, 0);
            OriginKnowledge origin = ledger.GetOrAdd(key, KeepAliveSettings.Default);
            origin.SeenOpen(TimeSpan.FromSeconds(1), answered: true);
            origin.IdleClosed(TimeSpan.FromSeconds(5), exact: true);
        }

        long kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(ledger);
        GC.KeepAlive(budgets);
        output.WriteLine($"{kept / (double)_keys.Length:0} bytes an origin");
        kept.ShouldBeLessThan(1024 * _keys.Length);
    }
}
