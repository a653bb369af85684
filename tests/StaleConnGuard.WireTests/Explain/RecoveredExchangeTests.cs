using System.Net;
using System.Net.Http.Metrics;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>What the runtime's own metric says of exchanges that the guard makes up for, and what is there to subtract it.</summary>
public class RecoveredExchangeTests
{
    private const string Duration = "http.client.request.duration";

    [Theory]
    [InlineData("POST", Ending.Close, false)]
    [InlineData("POST", Ending.Close, true)]
    [InlineData("PUT", Ending.Reset, false)]
    [InlineData("GET", Ending.Close, false)]
    public async Task HealedStaleHit_FailedMeasurements_AreCountedToBeSubtracted(string method, Ending ending, bool sync)
    {
        using var recorded = new Recorded();
        await using var race = new StaleRace(guarded: true, ending: ending);
        await race.WarmUpAsync();
        HttpRequestMessage request = ReplayTests.Request(method, method == "GET" ? "none" : "bytes");
        HttpMetricsEnrichmentContext.AddCallback(request, context => context.AddCustomTag("tenant", "blue"));

        using HttpResponseMessage response = await race.SendAsync(request, sync);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        int port = race.Server.Uri.Port;
        recorded.ShouldBalance(port, failures: 1);

        // On the exchange that was lost, and on the one that made up for it.
        recorded.Durations(port).Select(m => m.Tags.GetValueOrDefault("tenant")).ShouldBe([null, "blue", "blue"]);
    }

    /// <summary>
    /// Past the keep-alive limit, with a read of the pool's scavenger pending: the pool does not look at the connection any more. Of a timeout that was only
    /// learned, the connection stays in the pool, to be seen open or closed, and is refused at the first write.
    /// </summary>
    [Theory]
    [InlineData("POST", "bytes")]
    [InlineData("GET", "none")]
    [InlineData("POST", "one-shot")]
    public async Task ConnectionsRefusedAtTheFirstWrite_FailedMeasurements_AreCountedToBeSubtracted(string method, string body)
    {
        using var recorded = new Recorded();
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        KeepAliveLedger.Shared.GetOrAdd(OriginKey.Of(server.Uri)).StaleHit(TimeSpan.FromSeconds(2));
        using var client = Client(new StaleConnGuardOptions { Retry = { Enabled = false } });

        await PastTheLimitAsync(client, server, method, body);

        server.Connections.ShouldBe(2);
        recorded.ShouldBalance(server.Uri.Port, failures: 1);
        recorded.Durations(server.Uri.Port)[^1].Tags["tenant"].ShouldBe("blue");
    }

    /// <summary>Of a timeout that was configured or advertised, the pool's read ends at the limit, so that no request is given the connection.</summary>
    [Theory]
    [InlineData("POST", "bytes", false)]
    [InlineData("GET", "none", false)]
    [InlineData("POST", "one-shot", false)]
    [InlineData("POST", "bytes", true)]
    public async Task ConnectionsPastTheirLimit_WithAReadOfTheScavengerPending_LeaveNoFailedMeasurement(string method, string body, bool advertised)
    {
        using var recorded = new Recorded();
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is not null)
            {
                await connection.WriteAsync($"HTTP/1.1 200 OK\r\n{(advertised ? "Keep-Alive: timeout=2\r\n" : "")}Content-Length: 0\r\n\r\n");
            }
        });
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = advertised ? null : TimeSpan.FromSeconds(2) }, Retry = { Enabled = false } };
        using var client = Client(options);

        await PastTheLimitAsync(client, server, method, body);

        server.Connections.ShouldBe(2);
        recorded.ShouldBalance(server.Uri.Port, failures: 0);
        recorded.Durations(server.Uri.Port).Count.ShouldBe(2);
    }

    private static HttpClient Client(StaleConnGuardOptions options)
    {
        options.Transport.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4);
        return new HttpClient(StaleConnGuardHandler.Create(options, new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4) }));
    }

    private static async Task PastTheLimitAsync(HttpClient client, ScriptedServer server, string method, string body)
    {
        using (await client.GetAsync(server.Uri))
        {
        }

        // The scavenger comes after one second and after two: a machine that stalls for half a second does not matter.
        await Task.Delay(TimeSpan.FromMilliseconds(1600));
        using HttpRequestMessage request = GuardedClient.Request(method, server.Uri, body);
        HttpMetricsEnrichmentContext.AddCallback(request, context => context.AddCustomTag("tenant", "blue"));
        using HttpResponseMessage response = await client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>The runtime's instrument and the guard's, of handlers without a meter factory.</summary>
    private sealed class Recorded : IDisposable
    {
        private readonly MetricCollector<double> _durations = new(null, "System.Net.Http", Duration);
        private readonly MetricCollector<long> _recovered = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.RecoveredExchanges);

        public IReadOnlyList<CollectedMeasurement<double>> Durations(int port) => _durations.Of(port);

        public void ShouldBalance(int port, int failures)
        {
            CollectedMeasurement<double>[] failed = [.. Durations(port).Where(m => m.Tags.ContainsKey("error.type"))];
            failed.Length.ShouldBe(failures);
            _recovered.Of(port).Select(m => Key(m.Tags)).ShouldBe(failed.Select(m => Key(m.Tags)), ignoreOrder: true);
        }

        public void Dispose()
        {
            _durations.Dispose();
            _recovered.Dispose();
        }

        private static string Key(IReadOnlyDictionary<string, object?> tags) => $"{tags["server.address"]} {tags["http.request.method"]} {tags["error.type"]}";
    }
}
