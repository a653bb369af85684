namespace StaleConnGuard;

/// <summary>
/// The last few closes by the server that have taught nothing yet: each may agree with the next one. Not thread-safe; owned by one
/// <see cref="TimeoutLearner"/>. All times in ticks.
/// </summary>
internal sealed class RecentCloses
{
    // More than the clients seen need to find two that agree, even with servers that close anywhere within two seconds.
    private const int Capacity = 16;

    private readonly (long Age, long Moment)[] _entries = new (long, long)[Capacity];
    private int _count;
    private int _next;

    public int Count => _count;

    public void Add(long age, long moment)
    {
        _entries[_next] = (age, moment);
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
    }

    /// <summary>Whether a close at that moment, of a connection of a very different age, is remembered.</summary>
    public bool ShowsRestart(long age, long moment)
    {
        for (int i = 0; i < _count; i++)
        {
            if (LearningRules.AtOnce(_entries[i].Moment, moment) && LearningRules.SpreadOfRestart(_entries[i].Age, age))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The smallest age that agrees with this one, of another moment not too long ago; <see cref="LearningRules.None"/> if there is none.</summary>
    public long SmallestAgreeing(long age, long moment)
    {
        long smallest = LearningRules.None;
        for (int i = 0; i < _count; i++)
        {
            (long other, long otherMoment) = _entries[i];
            if (Supports(other, otherMoment, age, moment) && other < smallest)
            {
                smallest = other;
            }
        }

        return smallest;
    }

    /// <summary>The smallest age that two closes agree on, both after <paramref name="since"/>; <see cref="LearningRules.None"/> if there is none.</summary>
    public long SmallestSupported(long since)
    {
        long smallest = LearningRules.None;
        for (int i = 0; i < _count; i++)
        {
            (long age, long moment) = _entries[i];
            if (moment <= since || age >= smallest)
            {
                continue;
            }

            for (int k = 0; k < _count; k++)
            {
                if (_entries[k].Moment > since && _entries[k].Age >= age && Supports(_entries[k].Age, _entries[k].Moment, age, moment))
                {
                    smallest = age;
                    break;
                }
            }
        }

        return smallest;
    }

    public void RemoveMoment(long moment) =>
        Keep((moment, 0L), static (entry, state) => !LearningRules.AtOnce(entry.Moment, state.Item1));

    /// <summary>
    /// Drops what a connection still open at <paramref name="openAge"/> refutes: had the server closed at such an age since then, this
    /// connection would be gone. Only what lies far below: uneven servers close one connection at 2.0 s and another at 2.7 s.
    /// </summary>
    public void RemoveRefuted(long openAge, long now) =>
        Keep((openAge, now), static (entry, state) =>
            !LearningRules.FarBelow(entry.Age, state.Item1) || state.Item2 - state.Item1 + entry.Age < entry.Moment);

    private static bool Supports(long other, long otherMoment, long age, long moment) =>
        other >= LearningRules.Floor
        && LearningRules.Agree(other, age)
        && !LearningRules.AtOnce(otherMoment, moment)
        && Math.Abs(moment - otherMoment) <= LearningRules.Patience;

    private void Keep((long, long) state, Func<(long Age, long Moment), (long, long), bool> keep)
    {
        int kept = 0;
        Span<(long Age, long Moment)> ordered = stackalloc (long, long)[Capacity];
        for (int i = 0; i < _count; i++)
        {
            // Oldest first, so that the ring goes on overwriting the oldest.
            (long Age, long Moment) entry = _entries[(_next - _count + i + Capacity) % Capacity];
            if (keep(entry, state))
            {
                ordered[kept++] = entry;
            }
        }

        ordered[..kept].CopyTo(_entries);
        _count = kept;
        _next = kept % Capacity;
    }
}
