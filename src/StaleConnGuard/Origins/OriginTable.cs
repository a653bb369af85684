namespace StaleConnGuard.Origins;

/// <summary>
/// One entry an origin, and so many origins at most: when it is full, the sixteenth part that was used least recently is dropped at once, so
/// that a crawler pays for finding the oldest once in so many origins. Thread-safe; finding what is there takes no lock.
/// </summary>
/// <remarks>
/// Chains of entries under a lock for whoever changes them. A reader walks them meanwhile, and always to an end: an entry that is taken out
/// leads nowhere from then on, and one that moves to another chain is put in front, so that it leads to entries that moved before it. What a
/// reader may do is miss what stood behind such an entry. Therefore a miss is looked up again under the lock.
/// </remarks>
internal sealed class OriginTable<TEntry>(int capacity)
    where TEntry : OriginEntry<TEntry>
{
    // Most programs talk to a few origins. A power of two, and doubled when there are more entries than chains.
    private const int InitialChains = 16;

    private readonly Lock _changing = new();
    private volatile Chain[] _chains = new Chain[InitialChains];
    private volatile int _count;

    public int Count => _count;

    /// <summary>The entry that is there now, or null.</summary>
    public TEntry? Find(in OriginKey key)
    {
        if (Walk(key) is TEntry found)
        {
            return found;
        }

        lock (_changing)
        {
            return Walk(key);
        }
    }

    /// <summary>Puts it there, if there is none of its origin. Returns the one that is there. May be one that was dropped.</summary>
    public TEntry Add(TEntry entry)
    {
        lock (_changing)
        {
            // Marked and linked under one lock: else one thread could drop what another puts back, and leave it there marked as dropped.
            if (Walk(entry.Key) is TEntry other)
            {
                return other;
            }

            MakeRoom();
            entry.MarkDropped(false);
            Link(entry, _chains);
            _count++;
            return entry;
        }
    }

    public TEntry[] ToArray()
    {
        lock (_changing)
        {
            var all = new List<TEntry>(_count);
            foreach (Chain chain in _chains)
            {
                for (TEntry? entry = chain.First; entry is not null; entry = entry.Next)
                {
                    all.Add(entry);
                }
            }

            return [.. all];
        }
    }

    private static ref Chain ChainOf(string host, int port, Chain[] chains) =>
        ref chains[(host.GetHashCode(StringComparison.Ordinal) ^ port) & (chains.Length - 1)];

    private static void Link(TEntry entry, Chain[] chains)
    {
        ref Chain chain = ref ChainOf(entry.Host, entry.Port, chains);
        entry.Next = chain.First;
        chain.First = entry;
    }

    private TEntry? Walk(in OriginKey key)
    {
        TEntry? entry = ChainOf(key.Host, key.Port, _chains).First;
        while (entry is not null && !entry.IsOf(key))
        {
            entry = entry.Next;
        }

        return entry;
    }

    private void MakeRoom()
    {
        if (_count >= capacity)
        {
            DropLeastRecentlyUsed(Math.Max(1, capacity / 16));
        }
        else if (_count == _chains.Length)
        {
            Grow();
        }
    }

    private void Grow()
    {
        var chains = new Chain[_chains.Length * 2];
        foreach (Chain chain in _chains)
        {
            TEntry? entry = chain.First;
            while (entry is not null)
            {
                TEntry? next = entry.Next;
                Link(entry, chains);
                entry = next;
            }
        }

        _chains = chains;
    }

    private void DropLeastRecentlyUsed(int count)
    {
        // The newest of those found so far comes out first, to make place for an older one.
        var oldest = new PriorityQueue<TEntry, long>(count + 1);
        foreach (Chain chain in _chains)
        {
            for (TEntry? entry = chain.First; entry is not null; entry = entry.Next)
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
        }

        while (oldest.TryDequeue(out TEntry? entry, out _))
        {
            // First out of the table, then marked: who sees the mark and looks the origin up again must not find it once more.
            Unlink(entry);
            entry.MarkDropped(true);
        }
    }

    private void Unlink(TEntry entry)
    {
        ref Chain chain = ref ChainOf(entry.Host, entry.Port, _chains);
        if (chain.First == entry)
        {
            chain.First = entry.Next;
        }
        else
        {
            TEntry before = chain.First!;
            while (before.Next != entry)
            {
                before = before.Next!;
            }

            before.Next = entry.Next;
        }

        // A connection may hold it for hours, and must not hold what followed it as well.
        entry.Next = null;
        _count--;
    }

    // A structure, because storing into an array of references checks the type.
    private struct Chain
    {
        public volatile TEntry? First;
    }
}
