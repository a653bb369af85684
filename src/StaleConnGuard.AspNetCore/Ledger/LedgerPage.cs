using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace StaleConnGuard;

/// <summary>The ledger as it is shown. Times in seconds; null for what is not known.</summary>
internal sealed record LedgerPage(IReadOnlyList<LedgerOrigin> Origins)
{
    public static Task WriteAsync(IKeepAliveLedger ledger, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(Of(ledger), LedgerJson.Default.LedgerPage, contentType: null, context.RequestAborted);
    }

    public static LedgerPage Of(IKeepAliveLedger ledger) =>
        new([.. ledger.Snapshot().OrderBy(o => o.Origin, StringComparer.Ordinal).ThenBy(o => o.Proxy, StringComparer.Ordinal).Select(LedgerOrigin.Of)]);
}

internal sealed record LedgerOrigin(
    string Origin,
    string? Proxy,
    double? Configured,
    double? Advertised,
    double? Learned,
    double? Remembered,
    double OpenUntil,
    double? Margin,
    double? Limit,
    KeepAliveLimitSource LimitSource,
    double? NonIdempotentLimit,
    KeepAliveLimitSource NonIdempotentLimitSource,
    long IdleCloses,
    long StaleHits,
    long RestartsSuspected,
    long NonIdempotentSurfaced,
    DateTimeOffset? LastNonIdempotentSurfaced)
{
    public static LedgerOrigin Of(OriginKeepAlive known) => new(
        known.Origin,
        known.Proxy,
        known.Configured?.TotalSeconds,
        known.Advertised?.TotalSeconds,
        known.Learned?.TotalSeconds,
        known.Remembered?.TotalSeconds,
        known.OpenUntil.TotalSeconds,
        known.Margin?.TotalSeconds,
        known.Limit?.TotalSeconds,
        known.LimitSource,
        known.NonIdempotentLimit?.TotalSeconds,
        known.NonIdempotentLimitSource,
        known.IdleCloses,
        known.StaleHits,
        known.RestartsSuspected,
        known.NonIdempotentSurfaced,
        known.LastNonIdempotentSurfaced);
}

[JsonSerializable(typeof(LedgerPage))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
internal sealed partial class LedgerJson : JsonSerializerContext;
