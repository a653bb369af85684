using System.Net.Http.Metrics;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// Keeps the callbacks that add the caller's tags to <c>http.client.request.duration</c> (<see cref="HttpMetricsEnrichmentContext.AddCallback"/>) for the exchange
/// that makes up for a lost one. The runtime takes them off the message when it measures the first; handlers that would add them again are above the guard.
/// Thread-safe.
/// </summary>
internal static class MetricsEnrichment
{
    // Where the runtime keeps them. Should that change, another type or nothing is found here, and the tags stay with the first exchange.
    private static readonly HttpRequestOptionsKey<List<Action<HttpMetricsEnrichmentContext>>> s_key = new(nameof(HttpMetricsEnrichmentContext));

    private static readonly ConditionalWeakTable<HttpRequestMessage, List<Action<HttpMetricsEnrichmentContext>>> s_kept = [];

    /// <summary>To be called when an exchange has ended and the runtime does not know yet.</summary>
    public static void Keep(HttpRequestMessage request)
    {
        if (request.Options.TryGetValue(s_key, out List<Action<HttpMetricsEnrichmentContext>>? callbacks))
        {
            s_kept.AddOrUpdate(request, callbacks);
        }
    }

    /// <summary>To be called before the message is sent again.</summary>
    public static void PutBack(HttpRequestMessage request)
    {
        if (s_kept.TryGetValue(request, out List<Action<HttpMetricsEnrichmentContext>>? callbacks))
        {
            s_kept.Remove(request);
            ((IDictionary<string, object?>)request.Options).TryAdd(s_key.Key, callbacks);
        }
    }
}
