using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>The other end of the race: plain clients against Kestrel over the delayed link, with and without <c>AdvertiseKeepAlive()</c>.</summary>
[Collection("Race")]
public class AdvertisedRaceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task PlainClient_KestrelAdvertises_MeetsNoStaleConnection()
    {
        const int Clients = 64;
        const int Rounds = 2;
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(100));
        TimeSpan timeout = TimeSpan.FromSeconds(2);
        await using KestrelUnderTest silent = await StartAsync(link, timeout, advertise: false);
        await using KestrelUnderTest advertising = await StartAsync(link, timeout, advertise: true);

        // Kestrel looks once a second and closes up to two seconds late: the requests are spread over all of that.
        var untold = new PlainRace(silent.Uri);
        var told = new PlainRace(advertising.Uri);
        await Task.WhenAll(
            untold.RunAsync(Clients, Rounds, timeout, timeout + TimeSpan.FromSeconds(2)),
            told.RunAsync(Clients, Rounds, timeout, timeout + TimeSpan.FromSeconds(2)));

        for (int again = 0; again < 8 && untold.Failures.IsEmpty; again++)
        {
            await untold.RunAsync(Clients, Rounds, timeout, timeout + TimeSpan.FromSeconds(2));
        }

        output.WriteLine($"without: {untold.Failures.Count} of {Clients * Rounds} a time failed; with AdvertiseKeepAlive(): {told.Failures.Count}");
        told.Failures.ShouldBeEmpty();
        untold.Failures.Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task PlainClient_KestrelShutsDownUnderLoad_NoRequestFails()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(25));
        (int failed, int sent) untold = await ShutDownUnderLoadAsync(link, advertise: false);

        // Where a busy machine has all requests wait at the moment of the shutdown, none races it: again, until one has.
        for (int again = 0; again < 8 && untold.failed == 0; again++)
        {
            untold = await ShutDownUnderLoadAsync(link, advertise: false);
        }

        (int failed, int sent) told = await ShutDownUnderLoadAsync(link, advertise: true);

        output.WriteLine($"without: {untold.failed} of {untold.sent} failed; with AdvertiseKeepAlive(): {told.failed} of {told.sent}");
        told.failed.ShouldBe(0);
        untold.failed.ShouldBeGreaterThan(0);
    }

    /// <summary>Two instances behind a balancer that sends new connections to the second when the first goes: what a rolling update does.</summary>
    private static async Task<(int Failed, int Sent)> ShutDownUnderLoadAsync(DelayedLink link, bool advertise)
    {
        await using KestrelUnderTest old = await StartAsync(link, TimeSpan.FromSeconds(60), advertise);
        await using KestrelUnderTest next = await StartAsync(link, TimeSpan.FromSeconds(60), advertise);
        Uri target = old.Uri;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(Volatile.Read(ref target).Host, Volatile.Read(ref target).Port, cancellationToken);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler);
        int failed = 0;
        int sent = 0;
        int answered = 0;
        using var end = new CancellationTokenSource();
        Task[] load = [.. Enumerable.Range(0, 24).Select(worker => Task.Run(async () =>
        {
            // Pauses of different lengths: in step, all of them could be waiting for an answer when the shutdown comes, and none would race it.
            var random = new Random(worker);
            while (!end.IsCancellationRequested)
            {
                await Task.Delay(random.Next(50));
                Interlocked.Increment(ref sent);
                try
                {
                    using HttpResponseMessage response = await client.PostAsync(new Uri("http://orders.test/"), new StringContent("order"), CancellationToken.None);
                    response.EnsureSuccessStatusCode();
                    Interlocked.Increment(ref answered);
                }
                catch (Exception e) when (e is HttpRequestException or System.Net.Sockets.SocketException)
                {
                    // The bare exception is of a connection that was reset before the runtime had looked at it.
                    Interlocked.Increment(ref failed);
                }
            }
        }))];

        // A busy machine may not have served anybody by then, and who has no connection is not waited for.
        long begun = TimeProvider.System.GetTimestamp();
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        while (Volatile.Read(ref answered) < 2 * load.Length && TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1));

        Volatile.Write(ref target, next.Uri);
        await old.StopAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(300));
        await end.CancelAsync();
        await Task.WhenAll(load);
        return (failed, sent);
    }

    private static Task<KestrelUnderTest> StartAsync(DelayedLink link, TimeSpan timeout, bool advertise) => KestrelUnderTest.StartAsync(
        builder =>
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.KeepAliveTimeout = timeout);
            if (advertise)
            {
                builder.WebHost.AdvertiseKeepAlive();
            }
        },
        app => app.MapPost("/", () => "ok"),
        link: link);

    /// <summary>Clients with one connection each, which send again after an idle age spread evenly over a span.</summary>
    private sealed class PlainRace(Uri uri)
    {
        public ConcurrentQueue<HttpRequestException> Failures { get; } = new();

        public Task RunAsync(int clients, int rounds, TimeSpan from, TimeSpan to) =>
            Task.WhenAll(Enumerable.Range(0, clients).Select(c => WorkAsync(rounds, from + ((to - from) * ((c + 0.5) / clients)))));

        private async Task WorkAsync(int rounds, TimeSpan idle)
        {
            using var client = new HttpClient();
            for (int round = 0; round < rounds; round++)
            {
                // The first may meet a stale connection as well: Kestrel answers a request that came at the limit and closes behind the answer.
                await SendAsync(client);
                await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), idle));
                await SendAsync(client);
            }
        }

        private async Task SendAsync(HttpClient client)
        {
            try
            {
                using HttpResponseMessage response = await client.PostAsync(uri, new StringContent("order"));
                response.EnsureSuccessStatusCode();
            }
            catch (HttpRequestException e)
            {
                Failures.Enqueue(e);
            }
        }
    }
}
