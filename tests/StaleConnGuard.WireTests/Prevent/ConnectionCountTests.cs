using System.Diagnostics;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Safety is not bought with connections: in traffic whose gaps stay below the limit the guard opens as many as a plain client.</summary>
public class ConnectionCountTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Guarded_GapsBelowTheLimit_OpensAsManyConnectionsAsThePlainClient()
    {
        // A limit of 2 s; gaps up to 1.6 s, so that the pool's own clean-up runs in between.
        var serverTimeout = TimeSpan.FromSeconds(3);
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = serverTimeout }, Retry = { Enabled = false } };
        int[] counts = await Task.WhenAll(
            CountAsync(serverTimeout, () => new SocketsHttpHandler()),
            CountAsync(serverTimeout, () => StaleConnGuardHandler.Create(options, new SocketsHttpHandler(), new KeepAliveLedger(), listener: GuardEvents.None)));

        output.WriteLine($"plain {counts[0]}, guarded {counts[1]}");
        counts[0].ShouldBe(16);
        counts[1].ShouldBe(counts[0]);
    }

    private static async Task<int> CountAsync(TimeSpan serverTimeout, Func<HttpMessageHandler> makeHandler)
    {
        await using RaceServer server = RaceServer.Start(new RaceServerOptions { IdleTimeout = serverTimeout });
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async seed =>
        {
            var random = new Random(seed);
            using var client = new HttpClient(makeHandler());
            long started = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(6))
            {
                using HttpResponseMessage response = await client.PostAsync(server.Address, new StringContent("x"));
                response.EnsureSuccessStatusCode();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 1600)));
            }
        }));

        return server.ConnectionsAccepted;
    }
}
