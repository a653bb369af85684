using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace StaleConnGuard.Testing;

/// <summary>
/// Keeps every measurement of every instrument of meters named <c>StaleConnGuard</c>, of one meter or of all, whatever their names: for tests that say
/// something of all of them. For one instrument there is <see cref="CollectedMetrics"/>.
/// </summary>
public sealed class MetricRecorder : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<RecordedMeasurement> _measurements = new();

    public MetricRecorder(Meter? only = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (only is null ? instrument.Meter.Name == StaleConnGuardDiagnostics.MeterName : instrument.Meter == only)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Keep(instrument, value, tags));
        _listener.Start();
    }

    public IReadOnlyList<RecordedMeasurement> All => [.. _measurements];

    /// <summary>Asks the observable instruments.</summary>
    public void Observe() => _listener.RecordObservableInstruments();

    public void Dispose() => _listener.Dispose();

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var kept = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            kept.Add(tag.Key, tag.Value);
        }

        _measurements.Enqueue(new RecordedMeasurement(instrument.Name, value, kept));
    }
}

/// <summary>One measurement.</summary>
public sealed record RecordedMeasurement(string Instrument, double Value, IReadOnlyDictionary<string, object?> Tags);
