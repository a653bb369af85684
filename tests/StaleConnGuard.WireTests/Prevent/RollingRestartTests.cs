using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>
/// Three nginx share one address (SO_REUSEPORT), and are shut down in good order and replaced one after the other while clients
/// send. Each shutdown closes idle connections of every age, with requests under way to some of them.
/// </summary>
[Collection(ExactTime.Collection)]
public class RollingRestartTests(ITestOutputHelper output)
{
    private const int Backends = 3;
    private const int Rounds = 1;
    private const int Workers = 48;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1500);

    [Theory]
    [InlineData(800)]
    [InlineData(1600)]
    [InlineData(4000)]
    public async Task RollingRestart_UnderLoad_TeachesNothingAndFailsNothingSafeToRepeat(int longestIdleMilliseconds)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx", out reason), reason);

        // Connections that were opened together at one restart are of one age at the next: now and then these two closes are all that is found, and then nothing tells them from a timeout.
        TimeSpan? learned = await RunSeriesAsync(longestIdleMilliseconds) is null ? null : await RunSeriesAsync(longestIdleMilliseconds);

        learned.ShouldBeNull();
    }

    private async Task<TimeSpan?> RunSeriesAsync(int longestIdleMilliseconds)
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        var backends = new List<RealServer> { await RealServer.StartAsync("nginx", s_idleTimeout, link) };
        Uri address = backends[0].Address;
        while (backends.Count < Backends)
        {
            backends.Add(await RealServer.StartAsync("nginx", s_idleTimeout, link, address.Port));
        }

        var ledger = new KeepAliveLedger();
        var load = new RestartLoad(address, ledger, TimeSpan.FromMilliseconds(longestIdleMilliseconds));
        using var stop = new CancellationTokenSource();
        Task sending = load.RunAsync(Workers, stop.Token);
        List<TimeSpan?> learned = [];
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(longestIdleMilliseconds));
            for (int restart = 0; restart < Rounds * Backends; restart++)
            {
                RealServer old = backends[0];
                backends.RemoveAt(0);
                backends.Add(await RealServer.StartAsync("nginx", s_idleTimeout, link, address.Port));
                await old.ShutDownAsync();
                await old.DisposeAsync();
                await Task.Delay(s_pause);
                learned.Add(ledger.TryGet(address, out OriginKeepAlive? known) ? known.Learned : null);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(longestIdleMilliseconds));

            // The others may lie deep in the pool, where its own clean-up finds them: every 15 s.
            for (int i = 0; i < 80 && ledger.TryGet(address, out OriginKeepAlive? mistaken) && mistaken.Learned is not null; i++)
            {
                await Task.Delay(500);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await sending;
            foreach (RealServer backend in backends)
            {
                await backend.DisposeAsync();
            }
        }

        ledger.TryGet(address, out OriginKeepAlive? inTheEnd).ShouldBeTrue();
        output.WriteLine($"idle up to {longestIdleMilliseconds} ms: {load.Sent} sent, {load.Hits} stale hits, of them resets {load.Resets}; idle closes {inTheEnd.IdleCloses}, restarts suspected {inTheEnd.RestartsSuspected}; failed: {string.Join(", ", load.Failures.Select(failure => $"{failure.Method} {Racing.FailureKind.Of(failure.Exception)}"))}; learned {string.Join(", ", learned)}");
        (inTheEnd.IdleCloses + load.Hits).ShouldBeGreaterThan(Rounds * Backends, "connections were closed");

        // What two closes of different restarts seem to say is taken back when the others of their moments are found.
        learned.Count(timeout => timeout is not null).ShouldBeLessThanOrEqualTo(1);
        load.Failures.Where(failure => failure.Method == HttpMethod.Get).ShouldBeEmpty();
        load.Failures.ShouldAllBe(failure => IsReset(failure.Exception));
        return inTheEnd.Learned;
    }

    // The guard's own word, or, on a connection that was still in the queue of a listener that went away, the runtime's.
    private static bool IsReset(Exception exception) =>
        exception is StaleConnectionException { Delivery: Delivery.Unknown } || Racing.FailureKind.Of(exception).Contains(nameof(SocketError.ConnectionReset), StringComparison.Ordinal);
}
