using System.Net;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>What a stale hit on HTTP/2 leaves behind: the same as on HTTP/1.1, and which of them it was.</summary>
public class Http2TelemetryTests
{
    [Fact]
    public async Task Metrics_ReplayedStaleHit_SayThatItWasHttp2()
    {
        using MetricCollector<long> staleHits = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.StaleHits);
        using MetricCollector<long> replays = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.Replays);
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        using var sockets = new SocketsHttpHandler();
        sockets.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
        {
            if (Interlocked.Exchange(ref armed, 0) == 1)
            {
                server.EndConnections();
                await Task.Delay(200);
            }
        }));
        using var client = new HttpClient(StaleConnGuardHandler.Create(options => options.Retry.Enabled = false, sockets));
        _ = await SendAsync(client, server.Address);
        Volatile.Write(ref armed, 1);
        _ = await SendAsync(client, server.Address);

        CollectedMeasurement<long> hit = staleHits.Of(server.Address.Port).ShouldHaveSingleItem();
        hit.Tags["network.protocol.version"].ShouldBe("2");
        hit.Tags["staleconnguard.delivery"].ShouldBe("ProvenUndelivered");
        hit.Tags["staleconnguard.outcome"].ShouldBe("replayed");
        hit.Tags["error.type"].ShouldBe("EndOfStream");
        replays.Of(server.Address.Port).ShouldHaveSingleItem().Tags["network.protocol.version"].ShouldBe("2");
    }

    [Fact]
    public async Task ExchangeInfo_SaysWhichConnectionCarriedTheRequest()
    {
        await using GrpcEchoServer server = await GrpcEchoServer.StartAsync();
        int armed = 0;
        using var sockets = new SocketsHttpHandler();
        sockets.PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new BeforeHeadersStream(context.PlaintextStream, async () =>
        {
            if (Interlocked.Exchange(ref armed, 0) == 1)
            {
                server.EndConnections();
                await Task.Delay(200);
            }
        }));
        using var client = new HttpClient(StaleConnGuardHandler.Create(options => options.Retry.Enabled = false, sockets));
        ExchangeInfo first = (await CapturedAsync(client, server.Address)).ShouldNotBeNull();
        await Task.Delay(50);
        ExchangeInfo second = (await CapturedAsync(client, server.Address)).ShouldNotBeNull();
        Volatile.Write(ref armed, 1);
        ExchangeInfo replayed = (await CapturedAsync(client, server.Address)).ShouldNotBeNull();

        first.ShouldSatisfyAllConditions(i => i.IsReused.ShouldBeFalse(), i => i.RequestsOnConnection.ShouldBe(0), i => i.ResendCount.ShouldBe(0), i => i.TimeToFirstByte.ShouldNotBeNull());
        second.ShouldSatisfyAllConditions(
            i => i.ConnectionId.ShouldBe(first.ConnectionId),
            i => i.IsReused.ShouldBeTrue(),
            i => i.RequestsOnConnection.ShouldBe(1),
            i => i.IdleAge.ShouldBeInRange(TimeSpan.FromMilliseconds(40), i.ConnectionAge),
            i => i.TimeToFirstByte!.Value.ShouldBeGreaterThan(TimeSpan.Zero));
        replayed.ShouldSatisfyAllConditions(i => i.ConnectionId.ShouldNotBe(first.ConnectionId), i => i.IsReused.ShouldBeFalse(), i => i.ResendCount.ShouldBe(1));
    }

    private static async Task<ExchangeInfo?> CapturedAsync(HttpClient client, Uri address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage response = await client.SendAsync(request.CaptureExchangeInfo());
        return request.GetExchangeInfo();
    }

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, Uri address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new ByteArrayContent([1]),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
