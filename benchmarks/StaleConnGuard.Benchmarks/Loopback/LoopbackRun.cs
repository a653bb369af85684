using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>What one run of one client measured.</summary>
/// <param name="Took">From the first request to the last response.</param>
/// <param name="Latencies">Of each request, in timestamps.</param>
/// <param name="TotalBytes">Allocated by this process.</param>
/// <param name="Cpu">Processor time of this process, user and kernel.</param>
/// <param name="Collections">Of the youngest generation.</param>
internal sealed record LoopbackFigures(TimeSpan Took, long[] Latencies, long TotalBytes, TimeSpan Cpu, int Collections)
{
    public double RequestsPerSecond => Latencies.Length / Took.TotalSeconds;

    public double Bytes => (double)TotalBytes / Latencies.Length;

    public double CpuMicroseconds => Cpu.TotalMicroseconds / Latencies.Length;

    /// <summary>The 99th percentile of the latency, in microseconds.</summary>
    public double P99 { get; } = Stopwatch.GetElapsedTime(0, Latencies.Order().ElementAt((int)(Latencies.Length * 0.99))).TotalMicroseconds;

    /// <summary>Several runs taken as one.</summary>
    public static LoopbackFigures Sum(IReadOnlyCollection<LoopbackFigures> runs) => new(
        TimeSpan.FromTicks(runs.Sum(run => run.Took.Ticks)),
        [.. runs.SelectMany(run => run.Latencies)],
        runs.Sum(run => run.TotalBytes),
        TimeSpan.FromTicks(runs.Sum(run => run.Cpu.Ticks)),
        runs.Sum(run => run.Collections));
}

/// <summary>One client and its runs of one kind of traffic.</summary>
internal sealed class LoopbackClient(LoopbackCase traffic, Uri server, LoopbackContender contender) : IDisposable
{
    private readonly HttpClient _client = contender.Make();

    public string Name => contender.Name;

    public async Task<LoopbackFigures> RunAsync(int requests)
    {
        long[] latencies = new long[requests];
        int next = 0;
        GC.Collect();
        int collections = GC.CollectionCount(0);
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        long started = Stopwatch.GetTimestamp();
        var workers = new Task[traffic.Concurrency];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = WorkAsync();
        }

        await Task.WhenAll(workers);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        return new LoopbackFigures(took, latencies, bytes, cpu, GC.CollectionCount(0) - collections);

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is int index && index < requests)
            {
                long sent = Stopwatch.GetTimestamp();
                using HttpRequestMessage request = traffic.MakeRequest(server);
                using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
                await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null).ConfigureAwait(false);
                latencies[index] = Stopwatch.GetTimestamp() - sent;
            }
        }
    }

    public void Dispose() => _client.Dispose();
}
