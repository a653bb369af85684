namespace StaleConnGuard.Benchmarks;

/// <summary>The ledger with so many origins.</summary>
internal sealed record LedgerRow(int Origins, double Bytes, double BytesOnceObserved, double LookUpNanoseconds, double LookUpsOf64Threads, double ObservingOf64Threads)
{
    private const int ManyThreads = 64;

    public static IReadOnlyList<LedgerRow> MeasureAll(bool quick)
    {
        var duration = TimeSpan.FromMilliseconds(quick ? 100 : 500);

        // Compiled before it is measured.
        _ = Measure(10, duration);
        return [.. new[] { 1, 10, 100, 1_000, 10_000 }.Select(origins => Measure(origins, duration))];
    }

    private static LedgerRow Measure(int origins, TimeSpan duration) => new(
        origins,
        LedgerLoad.BytesPerOrigin(origins, observed: false),
        LedgerLoad.BytesPerOrigin(origins, observed: true),
        LedgerLoad.LookUpNanoseconds(origins, duration),
        LedgerLoad.LookUpsPerSecond(origins, ManyThreads, observes: false, duration),
        LedgerLoad.LookUpsPerSecond(origins, ManyThreads, observes: true, duration));
}
