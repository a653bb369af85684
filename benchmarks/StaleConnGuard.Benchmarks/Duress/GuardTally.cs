using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace StaleConnGuard.Benchmarks;

/// <summary>What the guard of this process did, by instrument and reason. Thread-safe.</summary>
internal sealed class GuardTally : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly MeterListener _listener = new();

    public GuardTally()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == StaleConnGuardDiagnostics.MeterName && instrument is Counter<long>)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, measurement, tags, _) =>
        {
            string name = instrument.Name;
            foreach ((string key, object? value) in tags)
            {
                name += key.StartsWith("server.", StringComparison.Ordinal) || key.StartsWith("network.", StringComparison.Ordinal) ? string.Empty : $" {value}";
            }

            _counts.AddOrUpdate(name, measurement, (_, count) => count + measurement);
        });
        _listener.Start();
    }

    public IReadOnlyDictionary<string, long> Counts => _counts;

    public void Dispose() => _listener.Dispose();
}
