using System.Collections.Concurrent;

namespace StaleConnGuard;

/// <summary>What is known of every origin, process-wide, surviving handler rotation.</summary>
internal sealed class KeepAliveLedger
{
    private readonly ConcurrentDictionary<OriginKey, OriginKnowledge> _origins = new();

    /// <summary>The ledger of clients made without a service provider.</summary>
    public static KeepAliveLedger Shared { get; } = new();

    public OriginKnowledge GetOrAdd(in OriginKey key) => _origins.GetOrAdd(key, static k => new OriginKnowledge(k));
}
