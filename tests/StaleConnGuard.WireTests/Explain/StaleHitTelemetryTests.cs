using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>What a stale hit leaves behind, with the race made to happen. The meter is the one of handlers without a service provider.</summary>
public class StaleHitTelemetryTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Metrics_HealedStaleHit_AreCounted(bool tls, bool sync)
    {
        using MetricCollector<long> staleHits = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.StaleHits);
        using MetricCollector<long> replays = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.Replays);
        using MetricCollector<double> idleAges = CollectedMetrics.Of<double>(StaleConnGuardDiagnostics.IdleAge);
        await using var race = new StaleRace(guarded: true, tls);
        await race.WarmUpAsync();
        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request("POST", "bytes"), sync);
        int port = race.Server.Uri.Port;

        race.Happened.ShouldBeTrue();
        CollectedMeasurement<long> hit = staleHits.Of(port).ShouldHaveSingleItem();
        hit.Value.ShouldBe(1);
        hit.Tags.ShouldBe(
            new Dictionary<string, object?>
            {
                ["server.address"] = "127.0.0.1",
                ["server.port"] = port,
                ["http.request.method"] = "POST",
                ["network.protocol.version"] = "1.1",
                ["error.type"] = "EndOfStream",
                ["staleconnguard.delivery"] = "ProvenUndelivered",
                ["staleconnguard.outcome"] = "replayed",
                ["staleconnguard.decision"] = "ReplayProvenUndelivered",
            },
            ignoreOrder: true);
        replays.Of(port).ShouldHaveSingleItem().Tags["staleconnguard.decision"].ShouldBe("ReplayProvenUndelivered");
        idleAges.Of(port).ShouldHaveSingleItem().Value.ShouldBeInRange(0, 30);
    }

    [Fact]
    public async Task Metrics_SurfacedStaleHit_SaysWhyAndIsNoReplay()
    {
        using MetricCollector<long> staleHits = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.StaleHits);
        using MetricCollector<long> replays = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.Replays);
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();
        await Should.ThrowAsync<StaleConnectionException>(() => race.SendAsync(ReplayTests.Request("POST", "bytes")));
        int port = race.Server.Uri.Port;

        CollectedMeasurement<long> hit = staleHits.Of(port).ShouldHaveSingleItem();
        hit.Tags["staleconnguard.delivery"].ShouldBe("Unknown");
        hit.Tags["staleconnguard.outcome"].ShouldBe("surfaced");
        hit.Tags["staleconnguard.decision"].ShouldBe("SurfaceNotSafeToRepeat");
        // The write may take the reset's error, and the read then finds an end-of-stream: nothing is proven either way.
        hit.Tags["error.type"].ShouldBeOneOf("Reset", "EndOfStream");
        replays.Of(port).ShouldBeEmpty();
        KeepAliveLedger.Shared.TryGet(race.Server.Uri, out OriginKeepAlive? known).ShouldBeTrue();
        known!.NonIdempotentSurfaced.ShouldBe(1);
        known.LastNonIdempotentSurfaced.ShouldNotBeNull();
    }

    [Fact]
    public async Task Metrics_ConnectionTooOld_CountsTheRefusal()
    {
        using MetricCollector<long> refused = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.RefusedConnections);
        using MetricCollector<double> limits = CollectedMetrics.Of<double>(StaleConnGuardDiagnostics.KeepAliveLimit);
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        var options = new StaleConnGuardOptions { KeepAlive = { ServerTimeout = TimeSpan.FromMilliseconds(100) } };
        using var client = new HttpClient(StaleConnGuardHandler.Create(options));
        using (await client.GetAsync(server.Uri))
        {
        }

        await Task.Delay(80);
        using (await client.GetAsync(server.Uri))
        {
        }

        refused.Of(server.Uri.Port).ShouldHaveSingleItem().Tags["staleconnguard.reason"].ShouldBe("TooOld");
        limits.RecordObservableInstruments();
        CollectedMeasurement<double> limit = limits.Of(server.Uri.Port)[^1];
        limit.Value.ShouldBe(0.05);
        limit.Tags["staleconnguard.limit.source"].ShouldBe("Configured");
    }

    [Fact]
    public async Task Metrics_Retry_CountsItsReason()
    {
        using MetricCollector<long> retries = CollectedMetrics.Of<long>(StaleConnGuardDiagnostics.Retries);
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, status: connection.Index == 0 && request.Target == "/busy" ? 503 : 200, headers: "Connection: close\r\n");
                return;
            }
        });
        var options = new StaleConnGuardOptions { Retry = { BaseDelay = TimeSpan.Zero } };
        using var client = new HttpClient(StaleConnGuardHandler.Create(options));
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Uri, "/busy"));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        retries.Of(server.Uri.Port).ShouldHaveSingleItem().Tags["staleconnguard.reason"].ShouldBe("RetriedStatus");
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Spans_HealedStaleHit_EventOnTheFirstAndResendCountOnTheSecond(bool tls, bool sync)
    {
        using var spans = new SpanRecorder();
        await using var race = new StaleRace(guarded: true, tls);
        await race.WarmUpAsync();
        using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request("POST", "bytes"), sync);

        IReadOnlyList<Activity> sent = spans.To(race.Server.Uri.Port);
        sent.Count.ShouldBe(3);
        sent[0].Events.ShouldBeEmpty();
        ActivityEvent hit = sent[1].Events.Single(e => e.Name == StaleConnGuardDiagnostics.StaleHitEvent);
        Dictionary<string, object?> tags = hit.Tags.ToDictionary(StringComparer.Ordinal);
        tags["staleconnguard.delivery"].ShouldBe("ProvenUndelivered");
        tags["error.type"].ShouldBe("EndOfStream");
        tags["staleconnguard.connection.requests"].ShouldBe(1);
        tags["staleconnguard.limit.source"].ShouldBe("NonIdempotentMaxIdle");
        sent[2].Events.ShouldBeEmpty();
        sent.Select(s => s.GetTagItem("http.request.resend_count")).ShouldBe([null, null, 1]);
    }

    [Fact]
    public async Task Spans_RedirectAndRetry_CountEverySendButTheFirst()
    {
        using var spans = new SpanRecorder();
        int served = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                int number = Interlocked.Increment(ref served);
                await (request.Target == "/"
                    ? connection.AnswerAsync(request, status: 302, headers: "Location: /next\r\n")
                    : connection.AnswerAsync(request, status: number == 2 ? 503 : 200));
            }
        });
        using var client = new HttpClient(StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { BaseDelay = TimeSpan.Zero } }));
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        using HttpResponseMessage response = await client.SendAsync(request.CaptureExchangeInfo());

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        spans.To(server.Uri.Port).Select(s => s.GetTagItem("http.request.resend_count")).ShouldBe([null, 1, 2, 3]);
        request.GetExchangeInfo()!.ResendCount.ShouldBe(3);
    }
}
