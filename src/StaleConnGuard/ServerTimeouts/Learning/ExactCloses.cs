using System.Runtime.InteropServices;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// The last few closes that the kernel dated. Closes of one moment have one cause and take one place. Not thread-safe; owned by one
/// <see cref="MeasuredMargin"/>. All times in ticks.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ExactCloses()
{
    // Most origins are seen to close once, if at all.
    private const int InitialCapacity = 1;

    private Close[] _entries = [];
    private byte _next;
    private byte _count;

    public readonly int Count => _count;

    /// <summary>When the last of them was closed.</summary>
    public long LastMoment { readonly get; private set; } = long.MinValue;

    /// <summary>By how much their ages differ.</summary>
    public readonly long Spread
    {
        get
        {
            long youngest = long.MaxValue;
            long oldest = 0;
            foreach (ref readonly Close entry in Entries)
            {
                (youngest, oldest) = (Math.Min(youngest, entry.Youngest), Math.Max(oldest, entry.Oldest));
            }

            return Count == 0 ? 0 : oldest - youngest;
        }
    }

    /// <summary>The longest round trip on any of these connections.</summary>
    public readonly long RoundTrip
    {
        get
        {
            long longest = 0;
            foreach (ref readonly Close entry in Entries)
            {
                longest = Math.Max(longest, entry.RoundTrip);
            }

            return longest;
        }
    }

    /// <summary>Whether all of them may have been closed on the beat of a timer.</summary>
    public readonly bool MayKeepTime
    {
        get
        {
            Span<long> moments = stackalloc long[MarginRules.MostCloses];
            for (int i = 0; i < Count; i++)
            {
                moments[i] = _entries[i].Moment;
            }

            return MarginRules.MayKeepTime(moments[..Count]);
        }
    }

    private readonly Span<Close> Entries => _entries.AsSpan(0, Count);

    public void Add(long age, long moment, long roundTrip)
    {
        LastMoment = Math.Max(LastMoment, moment);
        foreach (ref Close entry in Entries)
        {
            if (LearningRules.AtOnce(entry.Moment, moment))
            {
                entry = new Close(entry.Moment, Math.Min(entry.Youngest, age), Math.Max(entry.Oldest, age), Math.Max(entry.RoundTrip, roundTrip));
                return;
            }
        }

        // It goes round only once it has its full size.
        if (_next == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Clamp(_next * 2, InitialCapacity, MarginRules.MostCloses));
        }

        _entries[_next] = new Close(moment, age, age, roundTrip);
        _next = (byte)((_next + 1) % MarginRules.MostCloses);
        _count = (byte)Math.Min(_count + 1, MarginRules.MostCloses);
    }

    public void Clear() => (_count, _next, LastMoment) = (0, 0, long.MinValue);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Close(long Moment, long Youngest, long Oldest, long RoundTrip);
}
