using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>scale-once plain|guarded Connections|Origins N</c>, in a process of its own: opens so many connections over loopback, says how many bytes of
/// the heap they hold when all are pooled, and how many microseconds the first and the second request take after all have been idle for too long.
/// </summary>
internal sealed class ScaleOnce(bool guarded, ScaleShape shape, int port)
{
    public const string Command = "scale-once";

    private readonly TestClock _clock = new();

    public static async Task<int> RunAsync(string[] args)
    {
        (bool guarded, var shape, int count) = (args[0] == "guarded", Enum.Parse<ScaleShape>(args[1]), int.Parse(args[2], CultureInfo.InvariantCulture));
        using Process server = Child.Start(HoldingServer.Command);
        int port = int.Parse((await server.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        var once = new ScaleOnce(guarded, shape, port);

        // What the runtime and the classes make for themselves at first use is not the connections'.
        await once.MeasureAsync(3, warmUp: true);
        (long bytes, TimeSpan first, TimeSpan second) = await once.MeasureAsync(count, warmUp: false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{bytes} {first.TotalMicroseconds:0} {second.TotalMicroseconds:0}"));
        server.StandardInput.Close();
        await server.WaitForExitAsync();
        return 0;
    }

    private async Task<(long Bytes, TimeSpan First, TimeSpan Second)> MeasureAsync(int count, bool warmUp)
    {
        using HttpMessageInvoker client = MakeClient();
        long before = Heap();
        await OpenAsync(client, count, warmUp ? 200 : 0);

        // What the watch for silence remembers of requests that were long on their way goes with its next look, a second later. Both wait.
        await Task.Delay(TimeSpan.FromSeconds(warmUp ? 0 : 2));
        long bytes = Heap() - before;
        await LetAllBeTooOldAsync();
        TimeSpan first = await TimeAsync(client);
        TimeSpan second = await TimeAsync(client);
        GC.KeepAlive(client);
        return (bytes, first, second);
    }

    private HttpMessageInvoker MakeClient()
    {
        // The pool's own clean-up must not come in between.
        var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromHours(1) };
        if (!guarded)
        {
            return new HttpMessageInvoker(handler);
        }

        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromMinutes(1) } };
        var settings = new GuardSettingsHolder(new GuardSettings(options));
        var guard = new ConnectionGuard(new KeepAliveLedger(_clock), _clock, GuardMetrics.Shared);
        _ = GuardedConnections.Prepare(handler, guard, options, settings);
        return new HttpMessageInvoker(new RetryHandler(options.Retry, options.Replay, new RetryServices())
        {
            InnerHandler = new ConnectionGuardHandler(guard, settings, handler),
        });
    }

    // In a method of its own, so that no task and no response is held from here when the heap is measured.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task OpenAsync(HttpMessageInvoker client, int count, int firstHost)
    {
        if (shape is ScaleShape.Connections)
        {
            await Task.WhenAll(Enumerable.Range(0, count).Select(_ => GetAsync(client, firstHost, $"/hold/{count}")));
            return;
        }

        for (int i = 0; i < count; i++)
        {
            await GetAsync(client, firstHost + i, "/");
        }
    }

    /// <summary>The guard's clock says so; for the plain client the server closes.</summary>
    private async Task LetAllBeTooOldAsync()
    {
        if (guarded)
        {
            _clock.Advance(TimeSpan.FromMinutes(2));
        }
        else
        {
            using var other = new HttpMessageInvoker(new SocketsHttpHandler());
            await GetAsync(other, 0, "/close");
        }

        // The last FIN is on its way. Both wait, so that both find the machine equally asleep.
        await Task.Delay(TimeSpan.FromMilliseconds(200));
    }

    private async Task<TimeSpan> TimeAsync(HttpMessageInvoker client)
    {
        long start = Stopwatch.GetTimestamp();
        await GetAsync(client, 0, "/");
        return Stopwatch.GetElapsedTime(start);
    }

    private async Task GetAsync(HttpMessageInvoker client, int host, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.1.{host / 250}.{1 + (host % 250)}:{port}{path}");
        using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
        response.EnsureSuccessStatusCode();
        await response.Content.CopyToAsync(Stream.Null);
    }

    private static long Heap()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
