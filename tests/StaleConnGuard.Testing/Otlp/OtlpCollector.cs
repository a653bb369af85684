using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Testing.Otlp;

/// <summary>A small OTLP/HTTP collector (protobuf): keeps the last value of each metric stream, and every span.</summary>
/// <remarks>Field numbers are those of opentelemetry-proto, which never change.</remarks>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, OtlpPoint> _points = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<OtlpSpan> _spans = new();
    private WebApplication? _app;

    public Uri Uri => new(_app!.Urls.Single());

    public IReadOnlyCollection<OtlpSpan> Spans => [.. _spans];

    public static async Task<OtlpCollector> StartAsync()
    {
        var collector = new OtlpCollector();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        collector._app = builder.Build();
        collector._app.MapPost("/v1/metrics", context => TakeAsync(context, collector.TakeMetrics));
        collector._app.MapPost("/v1/traces", context => TakeAsync(context, collector.TakeSpans));
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>The metric streams of one name, each with its last value.</summary>
    public IReadOnlyList<OtlpPoint> Of(string metric) => [.. _points.Values.Where(p => p.Metric == metric)];

    public double Sum(string metric) => Of(metric).Sum(p => p.Value);

    public ValueTask DisposeAsync() => _app!.DisposeAsync();

    private static async Task TakeAsync(HttpContext context, Action<ProtobufMessage> take)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        take(new ProtobufMessage(body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }

    // ExportMetricsServiceRequest > ResourceMetrics (1) > ScopeMetrics (2) > Metric (2): name 1, unit 3, gauge 5, sum 7, histogram 9; data points 1.
    private void TakeMetrics(ProtobufMessage request)
    {
        foreach (ProtobufMessage metric in request.Messages(1).SelectMany(r => r.Messages(2)).SelectMany(s => s.Messages(2)))
        {
            string name = metric.Text(1);
            foreach (ProtobufMessage point in metric.Messages(5).Concat(metric.Messages(7)).SelectMany(d => d.Messages(1)))
            {
                // NumberDataPoint: as_double 4, as_int 6, attributes 7.
                Keep(new OtlpPoint(name, metric.Text(3), metric.Has(5) ? "gauge" : "sum", point.Has(4) ? point.Floating(4) : point.Whole(6), Attributes(point, 7)));
            }

            foreach (ProtobufMessage point in metric.Messages(9).SelectMany(d => d.Messages(1)))
            {
                // HistogramDataPoint: count 4, attributes 9.
                Keep(new OtlpPoint(name, metric.Text(3), "histogram", point.Whole(4), Attributes(point, 9)));
            }
        }
    }

    // ExportTraceServiceRequest > ResourceSpans (1) > ScopeSpans (2) > Span (2): trace 1, id 2, parent 4, name 5, kind 6, attributes 9, events 11.
    private void TakeSpans(ProtobufMessage request)
    {
        foreach (ProtobufMessage span in request.Messages(1).SelectMany(r => r.Messages(2)).SelectMany(s => s.Messages(2)))
        {
            _spans.Enqueue(new OtlpSpan(
                span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), span.Whole(6), Attributes(span, 9),
                [.. span.Messages(11).Select(e => new OtlpEvent(e.Text(2), Attributes(e, 3)))]));
        }
    }

    private void Keep(OtlpPoint point) =>
        _points[$"{point.Metric}{{{string.Join(',', point.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}"))}}}"] = point;

    // KeyValue: key 1, value 2; AnyValue: string 1, bool 2, int 3, double 4.
    private static Dictionary<string, object> Attributes(ProtobufMessage message, int field) => message.Messages(field).ToDictionary(
        a => a.Text(1),
        a => a.Message(2) is not { } value ? string.Empty
            : value.Has(1) ? value.Text(1)
            : value.Has(3) ? value.Whole(3)
            : value.Has(4) ? value.Floating(4)
            : (object)value.Whole(2),
        StringComparer.Ordinal);
}

/// <summary>The last value of one metric stream; of a histogram its count.</summary>
public sealed record OtlpPoint(string Metric, string Unit, string Kind, double Value, IReadOnlyDictionary<string, object> Attributes);

/// <summary>One span.</summary>
public sealed record OtlpSpan(
    string TraceId, string SpanId, string ParentId, string Name, long Kind, IReadOnlyDictionary<string, object> Attributes, IReadOnlyList<OtlpEvent> Events);

/// <summary>One event of a span.</summary>
public sealed record OtlpEvent(string Name, IReadOnlyDictionary<string, object> Attributes);
