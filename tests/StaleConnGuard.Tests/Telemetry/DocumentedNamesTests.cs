using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Telemetry;

/// <summary>Documents and dashboard name what is really reported, and all of it.</summary>
public partial class DocumentedNamesTests
{
    [Fact]
    public void Telemetry_EveryLogMessage_StandsInTheTableWithIdNameAndLevel()
    {
        string[] rows = [.. LogRow().Matches(File.ReadAllText(Repository.PathOf("docs/telemetry.md"))).Select(m => $"{m.Groups["id"]} {m.Groups["name"]} {m.Groups["level"]}")];
        string[] messages =
        [
            .. new[] { typeof(StaleConnGuardOptions).Assembly, typeof(KeepAliveAdvertisementOptions).Assembly }
                .SelectMany(a => a.GetTypes())
                .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
                .Select(m => m.GetCustomAttribute<LoggerMessageAttribute>())
                .OfType<LoggerMessageAttribute>()
                .OrderBy(m => m.EventId)
                .Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.EventId} {m.EventName} {m.Level}")),
        ];

        messages.Length.ShouldBeGreaterThan(10);
        messages.ShouldBeUnique();
        rows.ShouldBe(messages);
    }

    [Fact]
    public void Telemetry_EveryName_IsDocumented()
    {
        string document = File.ReadAllText(Repository.PathOf("docs/telemetry.md"));
        foreach (FieldInfo name in typeof(StaleConnGuardDiagnostics).GetFields())
        {
            document.ShouldContain($"`{name.GetRawConstantValue()}`", Case.Sensitive);
        }

        foreach (string metric in ExportedNames().Select(m => m.Family))
        {
            document.ShouldContain($"`{metric}`", Case.Sensitive);
        }
    }

    [Fact]
    public void Dashboard_EveryQuery_AsksForMetricsAndTagsThatAreExported()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("docs/grafana/staleconnguard.json")));
        string[] queries =
        [
            .. dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(p => p.GetProperty("targets").EnumerateArray()).Select(t => t.GetProperty("expr").GetString()!),
            .. dashboard.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray()
                .Select(v => v.GetProperty("query")).Where(q => q.ValueKind is JsonValueKind.Object).Select(q => q.GetProperty("query").GetString()!),
        ];
        (string Family, string[] Series, string[] Labels)[] exported = [.. ExportedNames()];

        queries.Length.ShouldBeGreaterThan(10);
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (string query in queries)
        {
            string metric = MetricName().Matches(query).Select(m => m.Value).Single(m => exported.Any(e => e.Series.Contains(m, StringComparer.Ordinal)));
            string[] labels = exported.Single(e => e.Series.Contains(metric, StringComparer.Ordinal)).Labels;
            asked.Add(exported.Single(e => e.Series.Contains(metric, StringComparer.Ordinal)).Family);
            foreach (string label in Labels().Matches(query).SelectMany(m => m.Groups["label"].Captures).Select(c => c.Value.Trim()))
            {
                labels.ShouldContain(label, query);
            }
        }

        asked.Order(StringComparer.Ordinal).ShouldBe(exported.Select(e => e.Family).Order(StringComparer.Ordinal));
    }

    /// <summary>What the instruments report, under the names the Prometheus exporters of OpenTelemetry give them.</summary>
    internal static IEnumerable<(string Family, string[] Series, string[] Labels)> ExportedNames()
    {
        using var meter = new Meter("test");
        var instruments = new List<Instrument>();
        using var published = new MeterListener { InstrumentPublished = (instrument, _) => { if (instrument.Meter == meter) { instruments.Add(instrument); } } };
        published.Start();
        using var recorder = new MetricRecorder(meter);
        var exchange = new ExchangeUnderTest();
        var metrics = new GuardMetrics(meter, exchange.Ledger);
        exchange.MeasureAll(metrics);
        recorder.Observe();
        foreach (Instrument instrument in instruments)
        {
            string family = instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : "") + (instrument is Counter<long> ? "_total" : "");
            string[] series = instrument is Histogram<double> ? [family + "_bucket", family + "_sum", family + "_count"] : [family];
            string[] labels = [.. recorder.All.Where(m => m.Instrument == instrument.Name).SelectMany(m => m.Tags.Keys).Distinct().Select(t => t.Replace('.', '_')), "le"];
            yield return (family, series, labels);
        }
    }

    [GeneratedRegex(@"^\| (?<id>\d{3}) \| `(?<name>\w+)` \| (?<level>\w+) \|", RegexOptions.Multiline | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LogRow();

    [GeneratedRegex(@"staleconnguard_\w+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MetricName();

    [GeneratedRegex(@"\bby \((?<label>[^,)]+)(?:,(?<label>[^,)]+))*\)|[{,](?<label>\w+)=~?""|label_values\(\w+, (?<label>\w+)\)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Labels();
}
