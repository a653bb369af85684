using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Origins;

/// <summary>
/// One entry an origin, and so many origins at most: when it is full, the sixteenth part that was used least recently is dropped at once, so
/// that a crawler pays for finding the oldest once in so many origins. Thread-safe; finding what is there takes no lock.
/// </summary>
internal sealed class OriginTable<TEntry>(int capacity)
    where TEntry : OriginEntry
{
    private readonly Lock _changing = new();
    private readonly ConcurrentDictionary<OriginKey, TEntry> _entries = new();

    // Counted apart, because counting a concurrent dictionary locks all of it.
    private volatile int _count;

    public int Count => _count;

    /// <summary>The entry that is there now.</summary>
    public bool TryFind(in OriginKey key, [NotNullWhen(true)] out TEntry? entry) => _entries.TryGetValue(key, out entry);

    /// <summary>Puts it there, if there is none of its origin. Returns the one that is there. May be one that was dropped.</summary>
    public TEntry Add(TEntry entry)
    {
        // Added and marked under one lock: else one thread could drop what another puts back, and leave it there marked as dropped.
        lock (_changing)
        {
            if (_entries.TryGetValue(entry.Key, out TEntry? other))
            {
                return other;
            }

            if (_count >= capacity)
            {
                DropLeastRecentlyUsed(Math.Max(1, capacity / 16));
            }

            entry.MarkDropped(false);
            _entries[entry.Key] = entry;
            _count++;
            return entry;
        }
    }

    public TEntry[] ToArray() => [.. _entries.Values];

    private void DropLeastRecentlyUsed(int count)
    {
        System.Diagnostics.Debug.Assert(_changing.IsHeldByCurrentThread, "The table is changed under its lock.");

        // The newest of those found so far comes out first, to make place for an older one.
        var oldest = new PriorityQueue<TEntry, long>(count + 1);
        foreach ((_, TEntry entry) in _entries)
        {
            if (oldest.Count < count)
            {
                oldest.Enqueue(entry, -entry.LastUsed);
            }
            else
            {
                _ = oldest.EnqueueDequeue(entry, -entry.LastUsed);
            }
        }

        while (oldest.TryDequeue(out TEntry? entry, out _))
        {
            // First out of the table, then marked: who sees the mark and looks the origin up again must not find it once more.
            _entries.TryRemove(entry.Key, out _);
            entry.MarkDropped(true);
            _count--;
        }
    }
}
