using System.Runtime.InteropServices;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// The last few closes by the server that have taught nothing yet: each may agree with the next one. A mutable struct, to be used where it
/// stands. Not thread-safe; owned by one <see cref="TimeoutLearner"/>. All times in ticks.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct RecentCloses()
{
    // More than the clients seen need to find two that agree, even with servers that close anywhere within two seconds.
    private const int Capacity = 16;

    // Of most origins no close is ever seen, and where one is, the second teaches.
    private const int InitialCapacity = 1;

    private Close[] _entries = [];
    private int _count;
    private int _next;

    /// <summary>The youngest age above which an open connection speaks against something remembered here; <see cref="LearningRules.None"/> if nothing is.</summary>
    public long RefutedFrom { get; private set; } = LearningRules.None;

    public void Add(long age, long moment)
    {
        // It goes round only once it has its full size, so that growing finds the entries in order.
        if (_next == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Clamp(_next * 2, InitialCapacity, Capacity));
        }

        _entries[_next] = new Close(age, moment);
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
        FindRefutedFrom();
    }

    /// <summary>Whether a close at that moment, of a connection of a very different age, is remembered.</summary>
    public bool ShowsRestart(long age, long moment)
    {
        foreach (ref readonly Close entry in _entries.AsSpan(0, _count))
        {
            if (LearningRules.AtOnce(entry.Moment, moment) && LearningRules.SpreadOfRestart(entry.Age, age))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The smallest age that agrees with this one, of another moment not too long ago; <see cref="LearningRules.None"/> if there is none.</summary>
    /// <param name="age">The age to agree with.</param>
    /// <param name="moment">When a connection of that age was closed.</param>
    /// <param name="agreedBy">When the one that agrees was closed.</param>
    public long SmallestAgreeing(long age, long moment, out long agreedBy)
    {
        long smallest = LearningRules.None;
        agreedBy = LearningRules.None;
        foreach (ref readonly Close entry in _entries.AsSpan(0, _count))
        {
            if (entry.Age < smallest && entry.Supports(age, moment))
            {
                (smallest, agreedBy) = (entry.Age, entry.Moment);
            }
        }

        return smallest;
    }

    /// <summary>The smallest age that two closes agree on, both after <paramref name="since"/>; <see cref="LearningRules.None"/> if there is none.</summary>
    public long SmallestSupported(long since)
    {
        long smallest = LearningRules.None;
        foreach (ref readonly Close entry in _entries.AsSpan(0, _count))
        {
            if (entry.Moment > since && entry.Age < smallest && IsSupported(entry, since))
            {
                smallest = entry.Age;
            }
        }

        return smallest;
    }

    /// <summary>Forgets what was closed at this moment: it was a restart.</summary>
    public void RemoveMoment(long moment) =>
        Remove(moment, static (ref Close entry, long moment) => LearningRules.AtOnce(entry.Moment, moment));

    /// <summary>
    /// A connection was open at <paramref name="age"/>, at the time <paramref name="now"/>. Had the server been closing at an age
    /// remembered here, this connection would be gone. One refutes what lies far below; more are needed for what lies near, because
    /// an uneven server closes one connection at 2.0 s and another at 2.7 s.
    /// </summary>
    public void Outlived(long age, long now)
    {
        if (age > RefutedFrom)
        {
            Remove((age, now), static (ref Close entry, (long Age, long Now) open) => entry.IsRefutedBy(open.Age, open.Now));
        }
    }

    private bool IsSupported(in Close entry, long since)
    {
        foreach (ref readonly Close other in _entries.AsSpan(0, _count))
        {
            if (other.Moment > since && other.Supports(entry.Age, entry.Moment))
            {
                return true;
            }
        }

        return false;
    }

    private delegate bool Condition<in TState>(ref Close entry, TState state);

    private void Remove<TState>(TState state, Condition<TState> condition)
    {
        // Oldest first, so that the ring goes on overwriting the oldest.
        Span<Close> kept = stackalloc Close[Capacity];
        int count = 0;
        for (int i = 0; i < _count; i++)
        {
            ref Close entry = ref _entries[(_next - _count + i + Capacity) % Capacity];
            if (!condition(ref entry, state))
            {
                kept[count++] = entry;
            }
        }

        kept[..count].CopyTo(_entries);
        (_count, _next) = (count, count % Capacity);
        FindRefutedFrom();
    }

    private void FindRefutedFrom()
    {
        long from = LearningRules.None;
        foreach (ref readonly Close entry in _entries.AsSpan(0, _count))
        {
            if (entry.Age >= LearningRules.Floor)
            {
                from = Math.Min(from, entry.Age + LearningRules.Tolerance(entry.Age));
            }
        }

        RefutedFrom = from;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Close(long age, long moment)
    {
        private int _outlived;

        public readonly long Age => age;

        public readonly long Moment => moment;

        public readonly bool Supports(long otherAge, long otherMoment) =>
            age >= LearningRules.Floor
            && LearningRules.Agree(age, otherAge)
            && !LearningRules.AtOnce(moment, otherMoment)
            && Math.Abs(moment - otherMoment) <= LearningRules.Recently;

        public bool IsRefutedBy(long openAge, long now)
        {
            if (now - moment > LearningRules.Recently)
            {
                return true;
            }

            // It passed this age before the close: that may be when the server's timeout was changed.
            bool passedSince = now - openAge + age >= moment;
            if (!passedSince || openAge <= age + LearningRules.Tolerance(age))
            {
                return false;
            }

            return LearningRules.FarBelow(age, openAge) || ++_outlived >= LearningRules.OutlivedToRefute;
        }
    }
}
