namespace StaleConnGuard.Exchanges;

/// <summary>An immutable snapshot of the options of one client, in the units the request path reads. Replaced as a whole on reload.</summary>
internal sealed class GuardSettings(StaleConnGuardOptions options, GuardSettings? before = null)
{
    public static GuardSettings Default { get; } = new(new StaleConnGuardOptions());

    /// <summary>The options these are made from; not to be changed.</summary>
    public StaleConnGuardOptions Options { get; } = options;

    /// <summary>False once the client was switched off while its handler lives.</summary>
    public bool IsEnabled { get; } = options.Enabled;

    /// <summary>Of connections.</summary>
    public KeepAliveSettings KeepAlive { get; } = KeepAliveSettings.From(options.KeepAlive, before?.KeepAlive);

    public int MaxReplays { get; } = options.Replay.MaxReplays;

    public NonIdempotentReplay NonIdempotentReplay { get; } = options.Replay.NonIdempotentReplay;

    /// <summary>The application's word for replays without proof is its word for repeats as well.</summary>
    public bool RefusesRepeatsFromAbove { get; } =
        options.Replay is { RepeatsFromAbove: RepeatsFromAbove.Refuse, NonIdempotentReplay: not NonIdempotentReplay.Always };

    public bool ConfirmOneShotBody { get; } = options.Replay.ConfirmOneShotBody;

    public bool SolicitHint { get; } = options.KeepAlive.SolicitHint;

    /// <summary>Whether a connection to this origin, idle for so long, is too old to be taken for this request, unless <see cref="MeasuredLimitTicks"/> allows it.</summary>
    public bool IsTooOld(OriginKnowledge origin, long idleAgeTicks, HttpRequestMessage? request)
    {
        // The limit for requests that are not safe to repeat is never the higher one, and most connections are below it: one question for most.
        KeepAliveSettings settings = KeepAlive.For(origin);
        if (idleAgeTicks <= KeepAliveLimit.WithFullMargin(origin, settings, safeToRepeat: false).MaxIdleTicks)
        {
            return false;
        }

        // Whether the request is safe to repeat is asked only where it matters: looking for the caller's mark is not free.
        return idleAgeTicks > KeepAliveLimit.WithFullMargin(origin, settings, safeToRepeat: true).MaxIdleTicks || !RepeatSafety.IsSafeToRepeat(request);
    }

    /// <summary>Whether the server may be closing a connection of this idle age as it is used: nothing is known of it, or the age is near its timeout.</summary>
    public bool MayRace(OriginKnowledge origin, long idleAgeTicks) => KeepAliveLimit.MayRace(origin, KeepAlive.For(origin), idleAgeTicks);

    /// <summary>Up to which idle age a connection that <see cref="IsTooOld"/> may be taken all the same, if the kernel agrees. In ticks.</summary>
    public long MeasuredLimitTicks(OriginKnowledge origin) => KeepAliveLimit.WithMeasuredMargin(origin, KeepAlive.For(origin.Key), safeToRepeat: false).MaxIdleTicks;
}
