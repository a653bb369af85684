using StaleConnGuard.Testing;
using StaleConnGuard.Tests.Retry;

namespace StaleConnGuard.Tests.Origins;

/// <summary>What an origin weighs at most, on a 64-bit machine: a process may meet a thousand of them. The texts of its key are the connection pool's as well and not counted.</summary>
[Collection(nameof(AloneOnTheHeap))]
public class OriginWeightTests
{
    private readonly VirtualClock _clock = new();
    private readonly OriginKey[] _keys = [.. Enumerable.Range(0, 1_000).Select(i => new OriginKey("https", $"host{i}.test", 443, Proxy: null))];

    public OriginWeightTests() => Requirement.MetOrSkip(Environment.Is64BitProcess, "references are smaller in a 32-bit process");

    /// <summary>With its budget, and everything that can be observed of it; the tables and all that they grow out of on the way included.</summary>
    [Fact]
    public void ThousandOrigins_ObservedAndWithTheirBudgets_AreLessThan1KilobyteEach()
    {
        var ledger = new KeepAliveLedger(_clock);
        var budgets = new RetryBudgetRegistry(_clock);
        Weigh(_keys, key =>
        {
            budgets.GetOrAdd(key).Earn(1, 0);
            OriginKnowledge origin = ledger.GetOrAdd(key, KeepAliveSettings.Default);
            origin.SeenOpen(TimeSpan.FromSeconds(1), answered: true);
            origin.IdleClosed(TimeSpan.FromSeconds(5), exact: true);
        }).ShouldBeLessThan(1024 * _keys.Length);
    }

    private static long Weigh(ReadOnlySpan<OriginKey> keys, Action<OriginKey> add)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (OriginKey key in keys)
        {
            add(key);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
