using System.Diagnostics;
using System.Net.Security;

namespace StaleConnGuard.Benchmarks;

/// <summary>What one run of one client measured, for each request.</summary>
/// <param name="RequestsPerSecond">Throughput.</param>
/// <param name="P99">The 99th percentile of the latency, in microseconds.</param>
/// <param name="Bytes">Allocated by this process.</param>
/// <param name="CpuMicroseconds">Processor time of this process, user and kernel.</param>
internal sealed record LoopbackFigures(double RequestsPerSecond, double P99, double Bytes, double CpuMicroseconds);

/// <summary>A client, plain or guarded, and its runs of one kind of traffic.</summary>
internal sealed class LoopbackClient(LoopbackCase traffic, Uri server, bool guarded) : IDisposable
{
    private readonly HttpMessageInvoker _invoker = new(Make(guarded));

    public async Task<LoopbackFigures> RunAsync(int requests)
    {
        long[] latencies = new long[requests];
        int next = 0;
        GC.Collect();
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
        Array.Sort(latencies);
        return new LoopbackFigures(
            requests / took.TotalSeconds,
            Stopwatch.GetElapsedTime(0, latencies[(int)(requests * 0.99)]).TotalMicroseconds,
            (double)bytes / requests,
            cpu.TotalMicroseconds / requests);

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is int index && index < requests)
            {
                long sent = Stopwatch.GetTimestamp();
                using HttpRequestMessage request = traffic.MakeRequest(server);
                using HttpResponseMessage response = await _invoker.SendAsync(request, CancellationToken.None).ConfigureAwait(false);
                await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null).ConfigureAwait(false);
                latencies[index] = Stopwatch.GetTimestamp() - sent;
            }
        }
    }

    public void Dispose() => _invoker.Dispose();

    private static HttpMessageHandler Make(bool guarded)
    {
        var sockets = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        return guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions(), sockets) : sockets;
    }
}
