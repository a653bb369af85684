namespace StaleConnGuard;

/// <summary>An immutable snapshot of the options of one client, in the units the request path reads. Replaced as a whole on reload.</summary>
internal sealed class GuardSettings(StaleConnGuardOptions options)
{
    private readonly long _configuredTimeoutTicks = options.KeepAlive.ServerTimeout?.Ticks ?? long.MaxValue;
    private readonly long _marginTicks = options.KeepAlive.Margin.Ticks;

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
