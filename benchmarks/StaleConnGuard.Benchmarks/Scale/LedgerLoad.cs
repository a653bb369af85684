using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>The ledger alone: what an origin weighs in it, what a look-up costs, how many threads may look at once.</summary>
internal static class LedgerLoad
{
    private const int LeastToWeigh = 10_000;

    /// <summary>Nanoseconds of one look-up among so many origins, one after the other in a shuffled order.</summary>
    public static double LookUpNanoseconds(int origins, TimeSpan duration) => 1e9 / LookUpsPerSecond(origins, threads: 1, observes: false, duration);

    /// <summary>Look-ups a second of so many threads together; with <paramref name="observes"/> each also notes a reuse that may teach something.</summary>
    public static double LookUpsPerSecond(int origins, int threads, bool observes, TimeSpan duration)
    {
        var ledger = new KeepAliveLedger();
        OriginKey[] keys = Keys(origins);
        foreach (OriginKey key in keys)
        {
            _ = ledger.GetOrAdd(key);
        }

        long total = 0;
        using var go = new ManualResetEventSlim();
        long start = 0;
        Thread[] all = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            go.Wait();
            Interlocked.Add(ref total, LookUp(ledger, keys, number * 97, observes, Volatile.Read(ref start), duration));
        }))];
        Array.ForEach(all, thread => thread.Start());
        Volatile.Write(ref start, Stopwatch.GetTimestamp());
        go.Set();
        Array.ForEach(all, thread => thread.Join());
        return total / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Bytes that one origin takes in the ledger, its key's text not counted; once a close was seen of it with <paramref name="observed"/>.</summary>
    public static double BytesPerOrigin(int origins, bool observed)
    {
        // The heap goes up and down by some kilobytes on its own: of few origins many ledgers are weighed. Empty ones weigh nothing here.
        OriginKey[] keys = Keys(origins);
        KeepAliveLedger[] ledgers = [.. Enumerable.Range(0, Math.Max(1, LeastToWeigh / origins)).Select(_ => new KeepAliveLedger(capacity: origins))];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (KeepAliveLedger ledger in ledgers)
        {
            foreach (OriginKey key in keys)
            {
                OriginKnowledge knowledge = ledger.GetOrAdd(key);
                if (observed)
                {
                    _ = knowledge.IdleClosed(TimeSpan.FromSeconds(5), exact: true);
                }
            }
        }

        long after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(ledgers);
        GC.KeepAlive(keys);
        return (double)(after - before) / ((long)origins * ledgers.Length);
    }

    private static long LookUp(KeepAliveLedger ledger, OriginKey[] keys, int at, bool observes, long start, TimeSpan duration)
    {
        const int Batch = 256;
        long count = 0;
        var idleAge = TimeSpan.FromSeconds(1);
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            for (int i = 0; i < Batch; i++)
            {
                OriginKnowledge knowledge = ledger.GetOrAdd(keys[at++ % keys.Length]);
                if (observes)
                {
                    _ = knowledge.SeenOpen(idleAge, answered: true);
                }
            }

            count += Batch;
        }

        return count;
    }

    private static OriginKey[] Keys(int count)
    {
        OriginKey[] keys = [.. Enumerable.Range(0, count).Select(i => new OriginKey("https", $"service-{i}.example", 443, Proxy: null))];
        new Random(1).Shuffle(keys);
        return keys;
    }
}
