using StaleConnGuard.Testing;
using StaleConnGuard.Tests.Retry;

namespace StaleConnGuard.Tests.Origins;

/// <summary>What one more origin weighs, to the byte, on a 64-bit machine. The texts of its key are the connection pool's as well and not counted.</summary>
[Collection(nameof(AloneOnTheHeap))]
public class OriginWeightTests
{
    // The tables have 16 chains at first and double when they are full: adding these few makes nothing but entries.
    private const int There = 20;
    private const int Added = 8;

    private readonly VirtualClock _clock = new();
    private readonly OriginKey[] _keys = [.. Enumerable.Range(0, 1_000).Select(i => new OriginKey("https", $"host{i}.test", 443, Proxy: null))];

    public OriginWeightTests() => Requirement.MetOrSkip(Environment.Is64BitProcess, "references are smaller in a 32-bit process");

    [Fact]
    public void Ledger_OneMoreOrigin_IsOneObject() => WeighInLedger(static _ => { }).ShouldBe(136);

    [Fact]
    public void Budgets_OneMoreOrigin_IsOneObject()
    {
        var budgets = new RetryBudgetRegistry(_clock);
        WeighEach(key => budgets.GetOrAdd(key).Earn(1, 0)).ShouldBe(80);
    }

    [Fact]
    public void Ledger_SeenOpen_HasALearnerBesides() => WeighInLedger(static origin => origin.SeenOpen(TimeSpan.FromSeconds(1), answered: true)).ShouldBe(136 + 160);

    [Fact]
    public void Ledger_SeenToClose_RemembersTheCloseAndMeasuresTheMargin() => WeighInLedger(static origin => origin.IdleClosed(TimeSpan.FromSeconds(5), exact: true)).ShouldBe(136 + 344);

    /// <summary>The tables' chains and all that is grown out of on the way included: more than what remains.</summary>
    [Fact]
    public void ThousandOrigins_WithTheirBudgets_AreLessThan260BytesEach()
    {
        var ledger = new KeepAliveLedger(_clock);
        var budgets = new RetryBudgetRegistry(_clock);
        Weigh(_keys, key =>
        {
            budgets.GetOrAdd(key).Earn(1, 0);
            ledger.GetOrAdd(key, KeepAliveSettings.Default);
        }).ShouldBeLessThan(260 * _keys.Length);
    }

    private double WeighInLedger(Action<OriginKnowledge> observe)
    {
        var ledger = new KeepAliveLedger(_clock);
        return WeighEach(key => observe(ledger.GetOrAdd(key, KeepAliveSettings.Default)));
    }

    private double WeighEach(Action<OriginKey> add)
    {
        // What code makes for itself at first use is no origin's.
        Weigh(_keys.AsSpan(0, There), add);
        return Weigh(_keys.AsSpan(There, Added), add) / (double)Added;
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
