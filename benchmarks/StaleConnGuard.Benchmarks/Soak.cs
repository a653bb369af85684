using System.Diagnostics;
using System.Globalization;
using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>soak --requests N [--parallel 64] [--seed 1] [--plain-client]</c>: requests of mixed methods and sizes through the guard against
/// Kestrel on loopback, TLS on half of them; every body is compared. Says how fast it went and how much memory was held on the way.
/// </summary>
internal sealed class Soak(int requests, int parallel, int seed, bool guarded)
{
    private readonly byte[] _noise = SoakHost.Noise(seed);
    private int _next;
    private int _done;
    private int _errors;
    private int _wrong;
    private string? _firstError;

    public static async Task<int> RunAsync(string[] args)
    {
        var soak = new Soak(Number(args, "--requests", 1_000_000), Number(args, "--parallel", 64), Number(args, "--seed", 1), !args.Contains("--plain-client"));
        return await soak.RunAsync() ? 0 : 1;
    }

    private static int Number(string[] args, string name, int otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : int.Parse(args[at + 1], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
    }

    private async Task<bool> RunAsync()
    {
        await using SoakHost host = await SoakHost.StartAsync(_noise);
        var sockets = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var client = new HttpClient(guarded ? StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }, sockets) : sockets);

        var watch = Stopwatch.StartNew();
        Task working = Task.WhenAll(Enumerable.Range(0, parallel).Select(worker => Task.Run(() => WorkAsync(client, host, worker))));
        foreach (int percent in new[] { 10, 50, 100 })
        {
            while (Volatile.Read(ref _done) < (long)requests * percent / 100 && !working.IsCompleted)
            {
                await Task.Delay(5);
            }

            Report(percent, watch.Elapsed);
        }

        await working;
        Console.WriteLine(FormattableString.Invariant($"{requests} requests in {watch.Elapsed.TotalSeconds:0.0} s, {requests / watch.Elapsed.TotalSeconds:0} requests/s, {parallel} at a time, {(guarded ? "guarded" : "plain client")}; errors: {_errors}, wrong bodies: {_wrong}, connections accepted: {host.Connections}"));
        if (_firstError is not null)
        {
            Console.WriteLine(_firstError);
        }

        return _errors == 0 && _wrong == 0;
    }

    private static void Report(int percent, TimeSpan elapsed)
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        Console.WriteLine(FormattableString.Invariant($"{percent,3} %  {elapsed.TotalSeconds,7:0.0} s  working set {self.WorkingSet64 / 1048576.0,7:0.0} MiB  GC heap after a full collection {GC.GetTotalMemory(false) / 1048576.0,6:0.0} MiB"));
    }

    private async Task WorkAsync(HttpClient client, SoakHost host, int worker)
    {
        var random = new Random((seed * 104_729) + worker);
        byte[] received = new byte[SoakHost.MaxBody];
        while (Interlocked.Increment(ref _next) <= requests)
        {
            int length = Length(random);
            int offset = random.Next(_noise.Length - length);
            try
            {
                using HttpRequestMessage request = Make(random, host, offset, length);
                using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                await using Stream body = await response.Content.ReadAsStreamAsync();
                int count = await body.ReadAtLeastAsync(received, received.Length, throwOnEndOfStream: false);
                if (response.StatusCode is not HttpStatusCode.OK || !received.AsSpan(0, count).SequenceEqual(_noise.AsSpan(offset, length)))
                {
                    Interlocked.Increment(ref _wrong);
                }
            }
            catch (Exception e)
            {
                Interlocked.Increment(ref _errors);
                Interlocked.CompareExchange(ref _firstError, e.ToString(), null);
            }

            Interlocked.Increment(ref _done);
        }
    }

    // Mostly small, as services talk; some that fill buffers, a few large.
    private static int Length(Random random) => random.Next(100) switch
    {
        < 10 => 0,
        < 70 => random.Next(1, 1_000),
        < 95 => random.Next(1_000, 16_000),
        _ => random.Next(16_000, SoakHost.MaxBody - 1),
    };

    private HttpRequestMessage Make(Random random, SoakHost host, int offset, int length)
    {
        Uri address = random.Next(2) == 0 ? host.Plain : host.Secure;
        int kind = random.Next(6);
        if (kind < 2)
        {
            return new HttpRequestMessage(HttpMethod.Get, new Uri(address, FormattableString.Invariant($"/noise?offset={offset}&length={length}")));
        }

        return new HttpRequestMessage(kind == 2 ? HttpMethod.Put : HttpMethod.Post, new Uri(address, "/echo"))
        {
            Content = kind switch
            {
                3 => new StreamContent(new MemoryStream(_noise, offset, length, writable: false)),
                4 => new StreamContent(new BufferedStream(new OneShotStream(_noise, offset, length))),
                _ => new ByteArrayContent(_noise, offset, length),
            },
        };
    }
}
