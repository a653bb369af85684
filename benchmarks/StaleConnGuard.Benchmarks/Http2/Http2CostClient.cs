using System.Diagnostics;
using System.Net;
using System.Net.Security;

namespace StaleConnGuard.Benchmarks;

/// <summary>What one run measured: requests a second, bytes allocated and processor time a request.</summary>
internal sealed record Http2CostFigures(int Requests, TimeSpan Took, long Bytes, TimeSpan Cpu)
{
    public double RequestsPerSecond => Requests / Took.TotalSeconds;

    public double BytesEach => (double)Bytes / Requests;

    public double CpuMicrosecondsEach => Cpu.TotalMicroseconds / Requests;

    public static Http2CostFigures operator +(Http2CostFigures one, Http2CostFigures other) =>
        new(one.Requests + other.Requests, one.Took + other.Took, one.Bytes + other.Bytes, one.Cpu + other.Cpu);
}

/// <summary>A client with one HTTP/2 connection, plain or guarded, that keeps so many streams busy.</summary>
internal sealed class Http2CostClient(Uri server, int streams, bool posts, bool guarded) : IDisposable
{
    private static readonly byte[] s_body = new byte[100];

    private readonly HttpMessageInvoker _invoker = new(Make(guarded));

    public async Task<Http2CostFigures> RunAsync(int requests)
    {
        int next = 0;
        GC.Collect();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long bytes = GC.GetTotalAllocatedBytes(precise: true);
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) <= requests)
            {
                await SendAsync();
            }
        }));
        return new Http2CostFigures(requests, Stopwatch.GetElapsedTime(started), GC.GetTotalAllocatedBytes(precise: true) - bytes, Environment.CpuUsage.TotalTime - cpu);
    }

    public void Dispose() => _invoker.Dispose();

    private async Task SendAsync()
    {
        using var request = new HttpRequestMessage(posts ? HttpMethod.Post : HttpMethod.Get, server) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = posts ? new ByteArrayContent(s_body) : null;
        request.Headers.TryAddWithoutValidation("Accept", "application/octet-stream");
        request.Headers.TryAddWithoutValidation("User-Agent", "benchmark/1.0");
        using HttpResponseMessage response = await _invoker.SendAsync(request, CancellationToken.None).ConfigureAwait(false);
        await response.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null).ConfigureAwait(false);
    }

    private static HttpMessageHandler Make(bool guarded)
    {
        var sockets = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        return guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions(), sockets) : sockets;
    }
}
