namespace StaleConnGuard;

/// <summary>
/// The names under which this library reports. Stable: dashboards may rely on them. Units are UCUM, tags follow the OpenTelemetry semantic
/// conventions for HTTP; every tag has a bounded number of values.
/// </summary>
public static class StaleConnGuardDiagnostics
{
    /// <summary>The meter. With OpenTelemetry: <c>metrics.AddMeter(StaleConnGuardDiagnostics.MeterName)</c>.</summary>
    public const string MeterName = "StaleConnGuard";

    /// <summary>
    /// The activity source whose spans carry <see cref="ResendCountTag"/> and <see cref="StaleHitEvent"/>: the runtime's own, one span for
    /// each exchange. With OpenTelemetry: <c>tracing.AddSource(StaleConnGuardDiagnostics.ActivitySourceName)</c>.
    /// </summary>
    public const string ActivitySourceName = "System.Net.Http";

    /// <summary>Counter, <c>{hit}</c>: exchanges on a reused connection that ended before any response byte.</summary>
    public const string StaleHits = "staleconnguard.stale_hits";

    /// <summary>Counter, <c>{connection}</c>: pooled connections that were not taken, by reason.</summary>
    public const string RefusedConnections = "staleconnguard.connections.refused";

    /// <summary>Counter, <c>{request}</c>: requests sent again at once on a fresh connection, by decision.</summary>
    public const string Replays = "staleconnguard.replays";

    /// <summary>
    /// Counter, <c>{request}</c>: requests that a layer above the guard sent again, and that were not sent, because the server may have executed
    /// them and they are not safe to repeat. Counted once a request.
    /// </summary>
    public const string RefusedRepeats = "staleconnguard.repeats.refused";

    /// <summary>
    /// Counter, <c>{request}</c>: requests that the runtime sent again by itself, over HTTP/2, because the server said that it had not processed them (GOAWAY with a
    /// lower stream, REFUSED_STREAM; RFC 9113 6.8, 8.7). Not seen: a request without any header field, and one that has been redirected before.
    /// </summary>
    public const string RuntimeRepeats = "staleconnguard.repeats.runtime";

    /// <summary>
    /// Counter, <c>{exchange}</c>: exchanges that failed, or were refused their connection at the first write, and were made up for by another at once. The
    /// runtime measures each as a failed request in <c>http.client.request.duration</c>, with the same <c>error.type</c>: subtract these.
    /// </summary>
    public const string RecoveredExchanges = "staleconnguard.exchanges.recovered";

    /// <summary>Counter, <c>{request}</c>: requests sent again after a wait, by reason.</summary>
    public const string Retries = "staleconnguard.retries";

    /// <summary>Counter, <c>{request}</c>: requests that were not retried because the retry budget of their origin was empty.</summary>
    public const string ExhaustedRetryBudgets = "staleconnguard.retry_budget.exhausted";

    /// <summary>Histogram, seconds: idle age of connections when they were taken again.</summary>
    public const string IdleAge = "staleconnguard.connection.idle_age";

    /// <summary>
    /// Gauge, seconds: for each origin the highest idle age at which a request that is not safe to repeat takes a connection, and the source
    /// of that limit. As soon as a server timeout is known it is the limit of every request.
    /// </summary>
    public const string KeepAliveLimit = "staleconnguard.keep_alive.limit";

    /// <summary>Tag of spans: how often the request had been sent before, as OpenTelemetry defines it. Absent on the first send.</summary>
    public const string ResendCountTag = "http.request.resend_count";

    /// <summary>Event of spans: the exchange was a stale hit.</summary>
    public const string StaleHitEvent = "staleconnguard.stale_hit";

    /// <summary>Event of spans: the connection was refused at the first write; nothing was sent on it, and the request goes out on another.</summary>
    public const string ConnectionRefusedEvent = "staleconnguard.connection.refused";
}
