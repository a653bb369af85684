using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StaleConnGuard;

/// <summary>
/// Reports the registration's failure status while a stale hit of a request that is not safe to repeat has reached a caller within the window: the one
/// kind of stale hit that the guard cannot heal, and that setting the server timeout cures. Thread-safe.
/// </summary>
internal sealed class StaleHitHealthCheck(IKeepAliveLedger ledger, TimeProvider time, TimeSpan window) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        DateTimeOffset since = time.GetUtcNow() - window;
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (OriginKeepAlive origin in ledger.Snapshot())
        {
            if (origin.LastNonIdempotentSurfaced >= since)
            {
                string name = origin.Proxy is null ? origin.Origin : $"{origin.Origin} via {origin.Proxy}";
                data[name] = string.Create(CultureInfo.InvariantCulture, $"{origin.NonIdempotentSurfaced} in all, the last at {origin.LastNonIdempotentSurfaced:O}");
            }
        }

        return Task.FromResult(data.Count == 0
            ? HealthCheckResult.Healthy()
            : new HealthCheckResult(
                context.Registration.FailureStatus,
                string.Create(CultureInfo.InvariantCulture, $"Requests that are not safe to repeat failed on stale connections to {data.Count} origins within the last {window}; set KeepAlive.ServerTimeout for them."),
                exception: null,
                data));
    }
}
