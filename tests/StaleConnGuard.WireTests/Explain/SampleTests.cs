using System.Diagnostics;
using System.Text.Json;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;
using StaleConnGuard.Testing.Otlp;

namespace StaleConnGuard.WireTests.Explain;

/// <summary>The sample gateway races for its connection to a warehouse over the delayed link, and reports over OTLP.</summary>
[Collection("Race")]
public class SampleTests(ITestOutputHelper output)
{
    private const int MaxRounds = 8;

    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task Race_StaleHitHealed_CountersMoveAndTheTraceShowsIt()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RaceServer warehouse = RaceServer.Start(link, new RaceServerOptions { IdleTimeout = s_idle });
        await using OtlpCollector collector = await OtlpCollector.StartAsync();
        await using SampleProcess sample = await SampleProcess.StartAsync(warehouse.Address, collector.Uri);
        using var client = new HttpClient { BaseAddress = sample.Uri };

        await OrderAsync(client);
        await EventuallyAsync(() => collector.Of(StaleConnGuardDiagnostics.KeepAliveLimit).Count == 1);
        collector.Sum(StaleConnGuardDiagnostics.StaleHits).ShouldBe(0);

        // A little before the middle of the open window, which is two delays wide: whatever comes between only makes it later.
        int resends = 0;
        for (int round = 0; round < MaxRounds && resends == 0; round++)
        {
            await OrderAsync(client);
            await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), s_idle - (1.3 * s_delay)));
            resends = await OrderAsync(client);
            output.WriteLine($"round {round}: {resends} resends");
        }

        resends.ShouldBe(1);
        await EventuallyAsync(() => collector.Sum(StaleConnGuardDiagnostics.StaleHits) == 1);
        await EventuallyAsync(() => collector.Spans.Any(s =>
            s.Attributes.ContainsKey("http.request.resend_count") && collector.Spans.Any(parent => parent.SpanId == s.ParentId)));
        foreach (OtlpPoint point in collector.Of(StaleConnGuardDiagnostics.StaleHits))
        {
            output.WriteLine($"{point.Metric} {point.Value} {string.Join(", ", point.Attributes.Select(a => $"{a.Key}={a.Value}"))}");
        }

        OtlpPoint hit = collector.Of(StaleConnGuardDiagnostics.StaleHits).ShouldHaveSingleItem();
        hit.Unit.ShouldBe("{hit}");
        hit.Attributes["server.address"].ShouldBe(link.ServerAddress.ToString());
        hit.Attributes["staleconnguard.outcome"].ShouldBe("replayed");
        hit.Attributes["staleconnguard.delivery"].ShouldBe("ProvenUndelivered");
        collector.Sum(StaleConnGuardDiagnostics.Replays).ShouldBe(1);
        collector.Sum(StaleConnGuardDiagnostics.IdleAge).ShouldBeGreaterThan(0);
        collector.Of(StaleConnGuardDiagnostics.KeepAliveLimit).ShouldContain(p => Equals(p.Attributes["staleconnguard.limit.source"], "Learned"));

        // One trace: the server's span, the exchange that was lost, the exchange that went through.
        OtlpSpan replay = collector.Spans.Single(s => s.Attributes.ContainsKey("http.request.resend_count"));
        replay.Attributes["http.request.resend_count"].ShouldBe(1L);
        OtlpSpan lost = collector.Spans.Single(s => s.Events.Any(e => e.Name == StaleConnGuardDiagnostics.StaleHitEvent));
        lost.TraceId.ShouldBe(replay.TraceId);
        lost.ParentId.ShouldBe(replay.ParentId);
        collector.Spans.ShouldContain(s => s.SpanId == replay.ParentId && s.Kind == 2);
        lost.Events.Single(e => e.Name == StaleConnGuardDiagnostics.StaleHitEvent).Attributes["staleconnguard.delivery"].ShouldBe("ProvenUndelivered");

        using JsonDocument ledger = JsonDocument.Parse(await client.GetStringAsync(new Uri("/staleconnguard", UriKind.Relative)));
        ledger.RootElement.GetProperty("origins")[0].GetProperty("staleHits").GetInt64().ShouldBe(1);
    }

    private static async Task<int> OrderAsync(HttpClient client)
    {
        using HttpResponseMessage response = await client.PostAsync(new Uri("/orders", UriKind.Relative), content: null);
        response.EnsureSuccessStatusCode();
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return answer.RootElement.GetProperty("resends").GetInt32();
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        for (int attempt = 0; attempt < 150 && !condition(); attempt++)
        {
            await Task.Delay(100);
        }

        condition().ShouldBeTrue();
    }
}
