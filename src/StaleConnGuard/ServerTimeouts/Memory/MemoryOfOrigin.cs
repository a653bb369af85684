namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What is remembered of one origin from another process, until this one knows better: until it has learned a timeout itself, or connections outlive
/// the one that is remembered, or a day is over. Written under the lock of the observations, read without.
/// </summary>
internal sealed class MemoryOfOrigin(in RememberedTimeout remembered)
{
    private long _timeoutTicks = remembered.TimeoutTicks;
    private int _outlived;

    /// <summary>What was read.</summary>
    public RememberedTimeout Source { get; } = remembered;

    /// <summary>The server timeout in <see cref="TimeSpan"/> ticks; <see cref="LearningRules.None"/> when it does not count any more.</summary>
    public long TimeoutTicks => Volatile.Read(ref _timeoutTicks);

    /// <summary>Connections have shown that the server keeps them for longer.</summary>
    public bool IsRefuted { get; private set; }

    /// <summary>A connection was seen open at this idle age.</summary>
    public void SeenOpen(long age)
    {
        if (TimeoutTicks == LearningRules.None || age <= TimeoutTicks + LearningRules.Tolerance(TimeoutTicks))
        {
            return;
        }

        // One may have been late, or of another server behind the same name.
        if (++_outlived >= LearningRules.ContradictionsToGiveUp)
        {
            IsRefuted = true;
            Forget();
        }
    }

    /// <summary>It does not count any more.</summary>
    public void Forget() => Volatile.Write(ref _timeoutTicks, LearningRules.None);
}
