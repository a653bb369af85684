namespace StaleConnGuard;

/// <summary>An immutable snapshot of the options of one client, in the units the request path reads. Replaced as a whole on reload.</summary>
internal sealed class GuardSettings(StaleConnGuardOptions options)
{
    private readonly long _configuredTimeoutTicks = options.KeepAlive.ServerTimeout?.Ticks ?? long.MaxValue;
    private readonly long _marginTicks = options.KeepAlive.Margin.Ticks;

    public static GuardSettings Default { get; } = new(new StaleConnGuardOptions());

    public int MaxReplays { get; } = options.Replay.MaxReplays;

    public UnsafeReplay UnsafeReplay { get; } = options.Replay.UnsafeReplay;

    public bool SolicitHint { get; } = options.KeepAlive.SolicitHint;

    /// <summary>The highest idle age, in <see cref="TimeSpan"/> ticks, at which a connection to this origin may still be taken.</summary>
    public long LimitTicks(OriginKnowledge origin)
    {
        long timeout = Math.Min(_configuredTimeoutTicks, origin.ServerTimeoutTicks);
        return timeout == long.MaxValue ? long.MaxValue : timeout - Math.Min(_marginTicks, timeout / 2);
    }
}

/// <summary>The settings in force for one client. Replaced as a whole on reload; an exchange keeps those it began with.</summary>
internal sealed class GuardSettingsHolder(GuardSettings settings)
{
    private volatile GuardSettings _current = settings;

    public GuardSettings Current
    {
        get => _current;
        set => _current = value;
    }
}
