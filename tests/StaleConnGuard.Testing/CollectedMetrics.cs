using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace StaleConnGuard.Testing;

/// <summary><see cref="MetricCollector{T}"/> for the instruments of handlers that were made without a service provider.</summary>
public static class CollectedMetrics
{
    public static MetricCollector<T> Of<T>(string instrument)
        where T : struct
    {
        // Made before: the collector takes the first instrument of that name.
        _ = GuardMetrics.Shared;
        return new MetricCollector<T>(null, StaleConnGuardDiagnostics.MeterName, instrument);
    }

    /// <summary>What it collected about the server on this port; tests share the meter.</summary>
    public static IReadOnlyList<CollectedMeasurement<T>> Of<T>(this MetricCollector<T> collector, int port)
        where T : struct => [.. collector.GetMeasurementSnapshot().Where(m => Equals(m.Tags.GetValueOrDefault("server.port"), port))];
}
