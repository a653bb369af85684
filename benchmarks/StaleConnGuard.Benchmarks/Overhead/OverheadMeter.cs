using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// For the regression gate: sends the same request through several chains in turns, in many short batches, and keeps the least of each: what
/// else the machine does only ever adds, and the tests beside it do much. Bytes are exact but for what the runtime allocates by the way, which
/// the least leaves out.
/// </summary>
internal static class OverheadMeter
{
    private const int RequestsInABatch = 1_000;

    // Tiered compilation wants its calls, and its background thread some time.
    private const int WarmUpBatches = 60;

    public static async Task<IReadOnlyList<OverheadResult>> MeasureAsync(IReadOnlyList<Chain> chains, OverheadRequest kind, Below below, int batches)
    {
        var invokers = new List<(string Name, HttpMessageInvoker Invoker)>();
        foreach (Chain chain in chains)
        {
            invokers.Add((chain.Name, new HttpMessageInvoker(chain.Make(below.Make()))));
        }

        var results = invokers.ConvertAll(chain => new OverheadResult(chain.Name, double.MaxValue, double.MaxValue));
        for (int batch = -WarmUpBatches; batch < batches; batch++)
        {
            for (int i = 0; i < invokers.Count; i++)
            {
                (double nanoseconds, double bytes) = await MeasureBatchAsync(invokers[i].Invoker, kind, below);
                if (batch >= 0)
                {
                    results[i] = results[i].Least(nanoseconds, bytes);
                }
            }

            if (batch == -WarmUpBatches / 2)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(300));
            }
        }

        invokers.ForEach(chain => chain.Invoker.Dispose());
        return results;
    }

    private static async Task<(double Nanoseconds, double Bytes)> MeasureBatchAsync(HttpMessageInvoker invoker, OverheadRequest kind, Below below)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < RequestsInABatch; i++)
        {
            HttpResponseMessage response = await invoker.SendAsync(kind.Make(), CancellationToken.None).ConfigureAwait(false);
            if (below is Below.Connection)
            {
                // Gives the connection back; the response of the other handlers is the same each time.
                response.Dispose();
            }
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        long bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        return (took.TotalNanoseconds / RequestsInABatch, (double)bytes / RequestsInABatch);
    }
}
