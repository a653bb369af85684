using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

public class GuardMetricsTests
{
    /// <summary>Dashboards compare versions of packages. An assembly's own version says less, and the commit would make a stream of metrics of each build.</summary>
    [Fact]
    public void Meter_HasTheVersionOfThePackage()
    {
        string informational = typeof(GuardMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        string? version = null;
        _ = GuardMetrics.Shared;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) => version = instrument.Meter.Name == StaleConnGuardDiagnostics.MeterName ? instrument.Meter.Version : version,
        };
        listener.Start();
        version.ShouldBe(informational.Split('+')[0]);
        version!.ShouldMatch(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$");
        typeof(GuardMetrics).Assembly.GetName().Version!.Minor.ToString(CultureInfo.InvariantCulture).ShouldBe(informational.Split('.')[1]);
    }

    [Fact]
    public void EveryInstrument_Recorded_HasOnlyTagsWithABound()
    {
        using var meter = new Meter("test");
        using var recorder = new MetricRecorder(meter);
        var exchange = new ExchangeUnderTest();
        var metrics = new GuardMetrics(meter, exchange.Ledger);

        exchange.MeasureAll(metrics);
        recorder.Observe();

        recorder.All.Select(m => m.Instrument).Distinct().Order(StringComparer.Ordinal).ShouldBe(s_instruments);
        var bounded = new Dictionary<string, Func<object?, bool>>(StringComparer.Ordinal)
        {
            ["server.address"] = v => v is "api.test",
            ["server.port"] = v => v is 443,
            ["url.scheme"] = v => v is "https",
            ["network.protocol.version"] = v => v is "1.1" or "2",
            ["http.request.method"] = v => v is "POST" or "_OTHER",
            ["error.type"] = v => v is "response_ended" || Enum.TryParse<ConnectionEnd>((string?)v, out _),
            ["staleconnguard.delivery"] = v => Enum.TryParse<Delivery>((string?)v, out _),
            ["staleconnguard.decision"] = v => Enum.TryParse<ReplayDecision>((string?)v, out _),
            ["staleconnguard.outcome"] = v => v is "replayed" or "surfaced" or "cancelled",
            ["staleconnguard.reason"] = v => Enum.TryParse<RefusalReason>((string?)v, out _) || Enum.TryParse<RetryReason>((string?)v, out _),
            ["staleconnguard.limit.source"] = v => Enum.TryParse<KeepAliveLimitSource>((string?)v, out _),
        };
        foreach (RecordedMeasurement measurement in recorder.All)
        {
            measurement.Tags.Keys.ShouldContain("server.address");
            measurement.Tags.ShouldAllBe(tag => bounded.ContainsKey(tag.Key) && bounded[tag.Key](tag.Value), measurement.Instrument);
        }
    }

    [Fact]
    public void EveryInstrument_NobodyListens_AllocatesNothing()
    {
        using var meter = new Meter("test");
        var exchange = new ExchangeUnderTest();
        var metrics = new GuardMetrics(meter, exchange.Ledger);
        // What the runtime makes at the first calls is nobody's measurement.
        MeasureEverything();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            MeasureEverything();
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);

        void MeasureEverything()
        {
            exchange.MeasureAll(metrics);
            metrics.ConnectionReused(exchange.Connection, 1);
            metrics.ConnectionRefused(exchange.Connection, RefusalReason.TooOld);
        }
    }

    [Fact]
    public void Reused_Recorded_AllocatesNothing()
    {
        using var meter = new Meter("test");
        using var listener = new MeterListener { InstrumentPublished = (i, l) => l.EnableMeasurementEvents(i) };
        double sum = 0;
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => sum += value);
        listener.Start();
        var exchange = new ExchangeUnderTest();
        var metrics = new GuardMetrics(meter, exchange.Ledger);
        metrics.ConnectionReused(exchange.Connection, TimeSpan.TicksPerSecond);

        long before = GC.GetAllocatedBytesForCurrentThread();
        metrics.ConnectionReused(exchange.Connection, TimeSpan.TicksPerSecond);

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        sum.ShouldBe(2);
    }

    [Fact]
    public void StaleHit_ConnectionWasRefused_IsNone()
    {
        using var meter = new Meter("test");
        using var recorder = new MetricRecorder(meter);
        var exchange = new ExchangeUnderTest(ConnectionEnd.Refused, Delivery.NotSent);
        var metrics = new GuardMetrics(meter, exchange.Ledger);

        metrics.ReplayDecided(exchange.Ended(ReplayDecision.ReplayNotSent));

        recorder.All.ShouldHaveSingleItem().Instrument.ShouldBe(StaleConnGuardDiagnostics.RecoveredExchanges);
    }

    [Fact]
    public void KeepAliveLimit_NobodyListens_LooksAtNothing()
    {
        using var meter = new Meter("test");
        var ledger = new CountingLedger();
        _ = new GuardMetrics(meter, ledger);
        ledger.Snapshots.ShouldBe(0);

        using var recorder = new MetricRecorder(meter);
        recorder.Observe();
        ledger.Snapshots.ShouldBe(1);
    }

    [Fact]
    public void OriginTags_MoreOriginsThanTheBound_AreReportedTogether()
    {
        var cache = new OriginTagCache(capacity: 3);
        OriginTags[] tags = [.. Enumerable.Range(0, 5).Select(i => cache.Of(new OriginKey("http", $"host{i}", 80, null)))];

        tags[..3].ShouldAllBe(t => t != OriginTags.Others);
        tags[3..].ShouldAllBe(t => t == OriginTags.Others);
        cache.Of(new OriginKey("http", "host1", 80, null)).ShouldBeSameAs(tags[1]);
    }

    private static readonly string[] s_instruments =
    [
        StaleConnGuardDiagnostics.IdleAge,
        StaleConnGuardDiagnostics.RefusedConnections,
        StaleConnGuardDiagnostics.RecoveredExchanges,
        StaleConnGuardDiagnostics.KeepAliveLimit,
        StaleConnGuardDiagnostics.RefusedRepeats,
        StaleConnGuardDiagnostics.RuntimeRepeats,
        StaleConnGuardDiagnostics.Replays,
        StaleConnGuardDiagnostics.Retries,
        StaleConnGuardDiagnostics.ExhaustedRetryBudgets,
        StaleConnGuardDiagnostics.StaleHits,
    ];

    private sealed class CountingLedger : IKeepAliveLedger
    {
        public int Snapshots { get; private set; }

        public IReadOnlyList<OriginKeepAlive> Snapshot()
        {
            Snapshots++;
            return [];
        }

        public bool TryGet(Uri origin, out OriginKeepAlive knowledge) => throw new NotSupportedException();
    }
}
