using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace StaleConnGuard.Cli;

/// <summary>Keeps what the guard's meter reports, and writes it in Prometheus' text format 0.0.4. Thread-safe.</summary>
internal sealed class PrometheusMetrics : IDisposable
{
    private readonly ConcurrentDictionary<Instrument, ConcurrentDictionary<string, Series>> _instruments = new();
    private readonly MeterListener _listener = new();
    private readonly Lock _writing = new();

    /// <param name="meters">Whose meter is listened to.</param>
    public PrometheusMetrics(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == StaleConnGuardDiagnostics.MeterName && ReferenceEquals(instrument.Meter.Scope, meters))
            {
                _instruments.TryAdd(instrument, new(StringComparer.Ordinal));
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    public void Write(StringBuilder text)
    {
        // Gauges are asked, and what they said before may no longer be so.
        lock (_writing)
        {
            foreach ((Instrument instrument, ConcurrentDictionary<string, Series> series) in _instruments)
            {
                if (instrument.IsObservable)
                {
                    series.Clear();
                }
            }

            _listener.RecordObservableInstruments();
            foreach ((Instrument instrument, ConcurrentDictionary<string, Series> series) in _instruments.OrderBy(pair => pair.Key.Name, StringComparer.Ordinal))
            {
                Write(text, instrument, series);
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private static void Write(StringBuilder text, Instrument instrument, ConcurrentDictionary<string, Series> all)
    {
        bool isCounter = instrument is Counter<long>;
        string name = instrument.Name.Replace('.', '_') + (instrument.Unit == "s" ? "_seconds" : isCounter ? "_total" : string.Empty);
        string type = isCounter ? "counter" : instrument.IsObservable ? "gauge" : "histogram";
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {type}\n");
        foreach ((string labels, Series series) in all.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            series.Write(text, name, labels);
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder();
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            string value = Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? string.Empty;
            value = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            labels.Append(labels.Length == 0 ? string.Empty : ",").Append(tag.Key.Replace('.', '_')).Append("=\"").Append(value).Append('"');
        }

        return labels.ToString();
    }

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_instruments.TryGetValue(instrument, out ConcurrentDictionary<string, Series>? series))
        {
            series.GetOrAdd(Labels(tags), static (_, of) => new Series((of as Histogram<double>)?.Advice?.HistogramBucketBoundaries, of.IsObservable), instrument).Add(value);
        }
    }

    /// <summary>One set of labels: a sum, and of a histogram its buckets.</summary>
    private sealed class Series(IReadOnlyList<double>? boundaries, bool isGauge)
    {
        private readonly Lock _lock = new();
        private readonly long[] _buckets = new long[boundaries?.Count ?? 0];
        private double _sum;
        private long _count;

        public void Add(double value)
        {
            lock (_lock)
            {
                _sum = isGauge ? value : _sum + value;
                _count++;
                for (int i = 0; i < _buckets.Length; i++)
                {
                    _buckets[i] += value <= boundaries![i] ? 1 : 0;
                }
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            string braces = labels.Length == 0 ? string.Empty : $"{{{labels}}}";
            lock (_lock)
            {
                if (boundaries is null)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {_sum}\n");
                    return;
                }

                string before = labels.Length == 0 ? string.Empty : $"{labels},";
                for (int i = 0; i < _buckets.Length; i++)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"{boundaries[i]}\"}} {_buckets[i]}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"+Inf\"}} {_count}\n{name}_sum{braces} {_sum}\n{name}_count{braces} {_count}\n");
            }
        }
    }
}
