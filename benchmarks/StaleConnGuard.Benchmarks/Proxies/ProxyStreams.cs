using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Benchmarks;

/// <summary>A gigabyte through a proxy, up and down: what it does to the memory of the proxy's process.</summary>
internal static class ProxyStreams
{
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(50);

    public static async Task<IReadOnlyList<ProxyStreamCell>> RunAsync(bool quick)
    {
        long size = (quick ? 64L : 1024L) << 20;
        List<ProxyStreamCell> cells = [];
        await using WebApplication upstream = await StartUpstreamAsync();
        foreach (string name in (string[])[ProxyContender.PlainYarp, ProxyContender.NothingKnown])
        {
            await using ProxyProcess proxy = await ProxyProcess.StartAsync(ProxyContender.All.Single(one => one.Name == name), new Uri(upstream.Urls.First()), TimeSpan.FromMinutes(1));
            using var client = new HttpClient { BaseAddress = proxy.Address, Timeout = TimeSpan.FromMinutes(10) };
            using (HttpResponseMessage warm = await client.PostAsync("/discard", new StreamContent(new Zeros(1 << 20))))
            {
                _ = warm.EnsureSuccessStatusCode();
            }

            cells.Add(await WatchAsync(name, "POST, chunked", size, proxy, async () =>
            {
                using HttpResponseMessage response = await client.PostAsync("/discard", new StreamContent(new Zeros(size)));
                _ = response.EnsureSuccessStatusCode();
            }));
            cells.Add(await WatchAsync(name, "GET", size, proxy, async () =>
            {
                using HttpResponseMessage response = await client.GetAsync($"/zeros?{size}", HttpCompletionOption.ResponseHeadersRead);
                _ = response.EnsureSuccessStatusCode();
                await response.Content.CopyToAsync(Stream.Null);
            }));
        }

        return cells;
    }

    private static async Task<WebApplication> StartUpstreamAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        WebApplication application = builder.Build();
        application.Map("/discard", context => context.Request.Body.CopyToAsync(Stream.Null));
        application.Map("/zeros", context => new Zeros(long.Parse(context.Request.QueryString.Value![1..], CultureInfo.InvariantCulture)).CopyToAsync(context.Response.Body));
        await application.StartAsync();
        return application;
    }

    private static async Task<ProxyStreamCell> WatchAsync(string name, string direction, long size, ProxyProcess proxy, Func<Task> transfer)
    {
        double before = proxy.WorkingSet;
        double highest = before;
        long started = Stopwatch.GetTimestamp();
        Task running = transfer();
        while (await Task.WhenAny(running, Task.Delay(s_between)) != running)
        {
            highest = Math.Max(highest, proxy.WorkingSet);
        }

        await running;
        return new ProxyStreamCell(name, direction, size, Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1), Math.Round(before), Math.Round(highest), Math.Round(proxy.WorkingSet));
    }

    private sealed class Zeros(long size) : Stream
    {
        private long _left = size;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = (int)Math.Min(count, _left);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
