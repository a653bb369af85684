using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard;

/// <summary>
/// What is known of every origin, surviving handler rotation. Looked up once a connection, not once a request. Bounded: when there are
/// too many origins the sixteenth part that was used least recently is dropped at once, so that a crawler pays for sorting
/// once in so many origins.
/// </summary>
internal sealed class KeepAliveLedger : IKeepAliveLedger
{
    private readonly ConcurrentDictionary<OriginKey, OriginKnowledge> _origins = new();
    private readonly Lock _dropping = new();
    private readonly TimeProvider _time;
    private readonly int _capacity;

    public KeepAliveLedger(TimeProvider? time = null, int capacity = KeepAliveDefaults.MaxOrigins)
    {
        _time = time ?? TimeProvider.System;
        _capacity = capacity;
    }

    /// <summary>The one of this process: clients with and without a service provider share it.</summary>
    public static KeepAliveLedger Shared { get; } = new();

    /// <param name="key">The origin.</param>
    /// <param name="settings">Of the client that connects, so that snapshots show its limit.</param>
    public OriginKnowledge GetOrAdd(in OriginKey key, KeepAliveSettings? settings = null)
    {
        if (!_origins.TryGetValue(key, out OriginKnowledge? knowledge))
        {
            knowledge = new OriginKnowledge(key, _time, this);
            knowledge.Used(Now(), settings);
            knowledge = Keep(knowledge);
        }

        knowledge.Used(Now(), settings);
        return knowledge;
    }

    public IReadOnlyList<OriginKeepAlive> Snapshot()
    {
        var all = new List<OriginKeepAlive>();
        foreach (KeyValuePair<OriginKey, OriginKnowledge> origin in _origins)
        {
            all.Add(origin.Value.Describe());
        }

        return all;
    }

    public bool TryGet(Uri origin, [NotNullWhen(true)] out OriginKeepAlive? knowledge)
    {
        ArgumentNullException.ThrowIfNull(origin);
        if (!origin.IsAbsoluteUri)
        {
            throw new ArgumentException("An absolute URL is needed.", nameof(origin));
        }

        var key = new OriginKey(origin.Scheme, origin.IdnHost.ToLowerInvariant(), origin.Port, Proxy: null);
        knowledge = _origins.TryGetValue(key, out OriginKnowledge? known) ? known.Describe() : null;
        return knowledge is not null;
    }

    internal long Now() => _time.GetTimestamp();

    /// <summary>
    /// An instance that was dropped is observed again, by a connection that outlived its place here: it comes back, unless a newer
    /// instance has taken the place, which is returned then.
    /// </summary>
    internal OriginKnowledge TakeBack(OriginKnowledge dropped)
    {
        dropped.Used(Now(), settings: null);
        return Keep(dropped);
    }

    private OriginKnowledge Keep(OriginKnowledge knowledge)
    {
        // Thread A drops this instance while thread B puts it back: without the lock B could clear the mark that A is about to set,
        // and the instance would stand in the ledger marked as dropped, or be gone without the mark.
        lock (_dropping)
        {
            OriginKnowledge kept = _origins.GetOrAdd(knowledge.Key, knowledge);
            if (kept != knowledge)
            {
                return kept;
            }

            knowledge.MarkDropped(false);
            DropOldest(except: knowledge);
            return kept;
        }
    }

    private void DropOldest(OriginKnowledge except)
    {
        if (_origins.Count <= _capacity)
        {
            return;
        }

        var byUse = new List<(long LastUsed, OriginKnowledge Knowledge)>(_origins.Count);
        foreach (KeyValuePair<OriginKey, OriginKnowledge> origin in _origins)
        {
            byUse.Add((origin.Value.LastUsed, origin.Value));
        }

        byUse.Sort(static (a, b) => a.LastUsed.CompareTo(b.LastUsed));
        int excess = byUse.Count - _capacity + (_capacity / 16);
        foreach ((_, OriginKnowledge knowledge) in byUse)
        {
            if (excess-- <= 0)
            {
                return;
            }

            if (knowledge != except && _origins.TryRemove(knowledge.Key, out _))
            {
                knowledge.MarkDropped(true);
            }
        }
    }
}
