using System.Collections.Concurrent;
using System.Diagnostics;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>
/// A real nginx that closes after a second, over the delayed link. Once its closes have been measured, non-idempotent requests take connections far within the whole
/// margin and lose none, while plain clients lose theirs.
/// </summary>
[Collection(ExactTime.Collection)]
public class MeasuredMarginOnTheWireTests(ITestOutputHelper output)
{
    private const int Workers = 12;
    private const int RoundsToMeasure = 10;
    private const int Rounds = 4;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_wholeMargin = s_serverTimeout / 2;

    private readonly KeepAliveLedger _ledger = new();
    private readonly ReuseObserver _observer = new();
    private readonly ConcurrentQueue<string> _ids = new();

    [Fact]
    public async Task Measured_UnsafeRequestsNearTheLimit_AreTakenAndNoneIsLost()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string linkReason), linkReason);
        Requirement.MetOrSkip(NginxServer.IsAvailable(out string nginxReason), nginxReason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using NginxServer nginx = await NginxServer.StartAsync(s_serverTimeout, link);
        HttpClient[] clients = [.. Enumerable.Range(0, Workers).Select(_ => Client())];
        try
        {
            OriginKeepAlive known = await MeasureAsync(clients, nginx.Address);
            known.Margin!.Value.ShouldBeLessThan(s_wholeMargin);

            var plain = new LinkRace(nginx.Address, s_serverTimeout, s_delay);
            Task plainRace = plain.RunAsync(null, "POST", "bytes", workers: 8, Rounds);
            Task<string> unjudged = SendUnjudgedAsync(nginx.Address);
            await Task.WhenAll(clients.Select((client, worker) => Task.Run(() => RaceAsync(client, nginx.Address, worker))));
            await plainRace;

            int near = _observer.Reused.Count(age => age > s_serverTimeout - s_wholeMargin);
            output.WriteLine($"margin {known.Margin}; POSTs sent {_ids.Count}, {near} on connections within the whole margin, the oldest {_observer.Reused.DefaultIfEmpty().Max()}; plain: {plain.Failures.Count} of {plain.Sent} failed");
            plain.Failures.Count.ShouldBeGreaterThan(0, "without a race nothing is shown");
            near.ShouldBeGreaterThan(0);

            // A machine that stops for a tenth of a second can lose a race at any limit; it does not do so all the time.
            _observer.StaleHits.ShouldBeLessThanOrEqualTo(1);
            ExecutionLog executions = await nginx.ReadExecutionsAsync();
            _ids.ShouldAllBe(id => executions.CountOf(id) == 1);
            executions.Of(await unjudged).ShouldHaveSingleItem().RequestOnConnection.ShouldBe(1);
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }
    }

    private HttpClient Client(int maxReplays = 2)
    {
        var options = new StaleConnGuardOptions { Retry = { Enabled = false }, Replay = { MaxReplays = maxReplays } };
        return new HttpClient(StaleConnGuardHandler.Create(options, new SocketsHttpHandler(), _ledger, _observer));
    }

    /// <summary>Lets connections grow old until the server has been measured.</summary>
    private async Task<OriginKeepAlive> MeasureAsync(HttpClient[] clients, Uri address)
    {
        for (int round = 0; round < RoundsToMeasure; round++)
        {
            await Task.WhenAll(clients.Select(async (client, worker) =>
            {
                // Not all at one moment.
                await Task.Delay(TimeSpan.FromMilliseconds((worker * 61) + (round * 17)));
                using HttpResponseMessage first = await client.GetAsync(address);
                await Task.Delay(s_serverTimeout + (6 * s_delay));
                using HttpResponseMessage second = await client.GetAsync(address);
            }));
            if (_ledger.TryGet(address, out OriginKeepAlive? known) && known.Margin < s_wholeMargin)
            {
                return known;
            }
        }

        _ledger.TryGet(address, out OriginKeepAlive? last).ShouldBeTrue();
        return last!;
    }

    private async Task RaceAsync(HttpClient client, Uri address, int worker)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using HttpResponseMessage warm = await client.GetAsync(address);
            long idleSince = Stopwatch.GetTimestamp();

            // From just within the whole margin to just before the close.
            double share = (((worker * Rounds) + round + 0.5) / (Workers * Rounds) * 0.44) + 0.55;
            await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(idleSince, s_serverTimeout * share));

            string id = Guid.NewGuid().ToString("N");
            _ids.Enqueue(id);
            using HttpRequestMessage request = GuardedClient.Request("POST", address, "bytes", id);
            using HttpResponseMessage response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
        }
    }

    /// <summary>A request whose first write may not be refused is not judged there, so it must not come that near: it gets a connection of its own.</summary>
    private async Task<string> SendUnjudgedAsync(Uri address)
    {
        using HttpClient client = Client(maxReplays: 0);
        using HttpResponseMessage warm = await client.GetAsync(address);
        await Task.Delay(s_serverTimeout * 0.65);
        string id = Guid.NewGuid().ToString("N");
        using HttpRequestMessage request = GuardedClient.Request("POST", address, "bytes", id);
        using HttpResponseMessage response = await client.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return id;
    }

    private sealed class ReuseObserver : IGuardEvents
    {
        private int _staleHits;

        public ConcurrentQueue<TimeSpan> Reused { get; } = new();

        public int StaleHits => Volatile.Read(ref _staleHits);

        public void ConnectionReused(IGuardedConnection connection, long idleAgeTicks) => Reused.Enqueue(TimeSpan.FromTicks(idleAgeTicks));

        public void ReplayDecided(in EndedExchange ended)
        {
            if (ended.IsStaleHit)
            {
                _ = Interlocked.Increment(ref _staleHits);
            }
        }
    }
}
