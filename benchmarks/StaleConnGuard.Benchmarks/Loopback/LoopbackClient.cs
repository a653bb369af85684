using System.Diagnostics;

namespace StaleConnGuard.Benchmarks;

/// <summary>One client and its turns of one kind of traffic.</summary>
internal sealed class LoopbackClient(LoopbackCase traffic, Uri server, LoopbackContender contender) : IDisposable
{
    private readonly HttpClient _client = contender.Make();

    public async Task<LoopbackTurn> RunAsync(int requests)
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
        return new LoopbackTurn(took, latencies, bytes, cpu, GC.CollectionCount(0) - collections);

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
