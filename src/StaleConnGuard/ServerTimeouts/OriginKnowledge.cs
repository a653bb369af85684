using System.Diagnostics;
using System.Net.Http.Headers;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What is known of one origin's keep-alive timeout. One instance an origin and ledger, shared by all clients; every member may be
/// called from any thread. Reading costs one volatile load each; observations that may change something take a lock that is
/// never held for long.
/// <para>
/// Connections keep their instance for life. When the ledger has dropped it meanwhile, the next observation brings it back, or goes
/// to its successor as well, so that nothing learned on a long-lived connection is lost.
/// </para>
/// </summary>
internal sealed class OriginKnowledge(in OriginKey key, KeepAliveLedger ledger, long now) : OriginEntry(key, now)
{
    private readonly KeepAliveLedger _ledger = ledger;

    // What is here every origin pays for. What no request looks at belongs to the observations.
    private OriginObservations? _observations;

    // Written under the lock of the observations, read without.
    private long _advertisedTicks = LearningRules.None;
    private long _learnedTicks = LearningRules.None;
    private long _openUntilTicks;
    private bool _advertisedMixed;
    private long _interestedFromTicks = LearningRules.Floor;

    private SuspectMark _suspects;
    private KeepAliveSettings _settings = KeepAliveSettings.Default;

    /// <summary>Which connections may be dead because another one is.</summary>
    public ref SuspectMark Suspects => ref _suspects;

    /// <summary>The smallest server timeout that was advertised or learned, in <see cref="TimeSpan"/> ticks; <see cref="long.MaxValue"/> when none is known.</summary>
    public long ServerTimeoutTicks => Math.Min(AdvertisedTicks, LearnedTicks);

    /// <summary>What the server advertises, in ticks; <see cref="long.MaxValue"/> when it does not.</summary>
    public long AdvertisedTicks => Volatile.Read(ref _advertisedTicks);

    /// <summary>What was learned, in ticks; <see cref="long.MaxValue"/> when nothing was.</summary>
    public long LearnedTicks => Volatile.Read(ref _learnedTicks);

    /// <summary>Connections were seen open at this idle age, in ticks, and none closed at it since; 0 when none was seen.</summary>
    public long OpenUntilTicks => Volatile.Read(ref _openUntilTicks);

    /// <summary>The margin that the server's own punctuality asks for, in ticks; <see cref="long.MaxValue"/> when it was not measured, or not lately.</summary>
    public long MeasuredMarginTicks => Volatile.Read(ref _observations)?.Learner.Margin is { IsGiven: true } margin ? margin.At(Now()) : LearningRules.None;

    /// <summary>
    /// What another process has learned, in ticks; <see cref="long.MaxValue"/> when nothing is remembered, or this process knows better. Good for taking connections
    /// for a shorter time, and for nothing else.
    /// </summary>
    public long RememberedTicks => Volatile.Read(ref _observations)?.Memory?.TimeoutTicks ?? LearningRules.None;

    /// <summary>What was remembered and is refuted by now.</summary>
    public RememberedTimeout? Refuted => Volatile.Read(ref _observations)?.Memory is { IsRefuted: true } memory ? memory.Source : null;

    /// <summary>Where <see cref="ServerTimeoutTicks"/> comes from.</summary>
    public KeepAliveLimitSource Source =>
        ServerTimeoutTicks == LearningRules.None ? KeepAliveLimitSource.NothingKnown
        : AdvertisedTicks <= LearnedTicks ? KeepAliveLimitSource.Advertised
        : KeepAliveLimitSource.Learned;

    /// <summary>Made at the first observation: of most origins that a crawler meets there never is one.</summary>
    private OriginObservations Observations =>
        Volatile.Read(ref _observations) ?? Interlocked.CompareExchange(ref _observations, new OriginObservations(), null) ?? _observations;

    /// <summary>
    /// The server said so itself: all <c>Keep-Alive</c> values of a response. Cheap when it says what it said before: no lock, no
    /// clock, no allocation.
    /// </summary>
    public LearningOutcome Advertised(HeaderStringValues values) =>
        KeepAliveHeader.TryParse(values, out TimeSpan timeout) ? Advertised(timeout) : LearningOutcome.NothingNew;

    /// <summary>The server said so itself, in a <c>Keep-Alive</c> header. 0 when it does not want connections reused.</summary>
    public LearningOutcome Advertised(TimeSpan timeout)
    {
        long ticks = Math.Clamp(timeout.Ticks, 0, KeepAliveDefaults.MaxServerTimeout.Ticks);
        if (ticks == AdvertisedTicks && !Volatile.Read(ref _advertisedMixed))
        {
            return LearningOutcome.NothingNew;
        }

        LearningOutcome outcome;
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            outcome = observed.Advertised.Heard(ticks, Now());
            Volatile.Write(ref _advertisedTicks, observed.Advertised.Ticks);
            Volatile.Write(ref _advertisedMixed, observed.Advertised.Mixed);
        }

        Successor()?.Advertised(timeout);
        return outcome;
    }

    /// <summary>
    /// The server closed a pooled connection at this idle age. <paramref name="exact"/>: the kernel dated the close, or a pending read
    /// saw it arrive; otherwise the age at which it was found, an upper bound.
    /// </summary>
    /// <param name="idleAge">The idle age at the close.</param>
    /// <param name="exact">Whether that is when it closed.</param>
    /// <param name="sinceClosed">How long ago it closed, when that is known: it tells a restart, found out little by little, from timeouts.</param>
    /// <param name="roundTrip">What hardly any round trip on this connection exceeds, when that is known.</param>
    public LearningOutcome IdleClosed(TimeSpan idleAge, bool exact, TimeSpan sinceClosed = default, TimeSpan roundTrip = default)
    {
        LearningOutcome outcome;
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            observed.IdleCloses++;
            outcome = observed.Learner.IdleClosed(Age(idleAge), exact, Now() - Math.Max(0, sinceClosed.Ticks), roundTrip.Ticks);
            Publish(observed, outcome);
        }

        Successor()?.IdleClosed(idleAge, exact, sinceClosed, roundTrip);
        return outcome;
    }

    /// <summary>A request met a connection that the server had closed, or was closing, at this idle age.</summary>
    /// <param name="idleAge">The idle age at which it was taken.</param>
    /// <param name="reset">It ended with a reset and no FIN: the mark of a balancer that had forgotten the connection.</param>
    public LearningOutcome StaleHit(TimeSpan idleAge, bool reset = false)
    {
        LearningOutcome outcome;
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            observed.StaleHits++;
            outcome = observed.Learner.StaleHit(Age(idleAge), reset, Now());
            Publish(observed, outcome);
        }

        Successor()?.StaleHit(idleAge, reset);
        return outcome;
    }

    /// <summary>A request met a connection that had died without a word. Whatever forgot it is not the server's keep-alive timeout: nothing is learned.</summary>
    public void SilentHit()
    {
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            observed.StaleHits++;
            observed.Learner.Margin?.Revoke(Now());
        }

        Successor()?.SilentHit();
    }

    /// <summary>
    /// A connection was still open at this idle age: taken and answered, or given up by us while the kernel said so. Called per
    /// request, so what cannot change anything returns at once: the young, and those well below what was seen open before.
    /// </summary>
    /// <param name="idleAge">The idle age.</param>
    /// <param name="answered">A response came over it. Otherwise it is only known that no FIN has come.</param>
    public LearningOutcome SeenOpen(TimeSpan idleAge, bool answered = false)
    {
        long age = idleAge.Ticks;
        if (age < Volatile.Read(ref _interestedFromTicks))
        {
            return LearningOutcome.NothingNew;
        }

        LearningOutcome outcome;
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            outcome = observed.Learner.SeenOpen(age, answered, Now());
            if (observed.Learner.OpenUntil >= age)
            {
                // The learner believes it too: of a peer that drops connections without a word only answers count.
                observed.Memory?.SeenOpen(age);
            }

            Publish(observed, outcome);
        }

        Successor()?.SeenOpen(idleAge, answered);
        return outcome;
    }

    /// <summary>A stale hit of a request that is not safe to repeat reached the caller.</summary>
    public void Surfaced()
    {
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            observed.Surfaced++;
            observed.LastSurfaced = _ledger.Time.GetUtcNow();
        }

        Successor()?.Surfaced();
    }

    /// <summary>Another process has learned this. It counts while this one has learned nothing.</summary>
    internal void Remember(in RememberedTimeout remembered)
    {
        OriginObservations observed = Observations;
        lock (observed.Lock)
        {
            if (observed.Learner.Timeout == LearningRules.None && observed.Memory is null)
            {
                observed.Memory = new MemoryOfOrigin(remembered);
            }
        }
    }

    /// <summary>What is worth keeping for another process; null when that is nothing.</summary>
    internal RememberedTimeout? ToRemember()
    {
        if (Volatile.Read(ref _observations) is not { } observed)
        {
            return null;
        }

        lock (observed.Lock)
        {
            if (observed.Learner.Timeout != LearningRules.None)
            {
                TimeSpan ago = TimeSpan.FromTicks(Math.Max(0, Now() - observed.Learner.ConfirmedAt));
                return new RememberedTimeout(Key, observed.Learner.Timeout, _ledger.Time.GetUtcNow() - ago);
            }

            return observed.Memory is { TimeoutTicks: not LearningRules.None } memory ? memory.Source : null;
        }
    }

    /// <summary>Forgets what is remembered when its day is over.</summary>
    internal void ForgetOld(DateTimeOffset now)
    {
        if (Volatile.Read(ref _observations)?.Memory is { } memory && !memory.Source.IsFresh(now))
        {
            memory.Forget();
        }
    }

    /// <summary>A client with these settings connects to the origin.</summary>
    internal void Used(long now, KeepAliveSettings? settings)
    {
        LastUsed = now;
        if (settings is not null)
        {
            Volatile.Write(ref _settings, settings);
        }
    }

    internal OriginKeepAlive Describe()
    {
        KeepAliveSettings settings = Volatile.Read(ref _settings);

        // Describing must not make every origin of a snapshot grow.
        OriginObservations observed = Volatile.Read(ref _observations) ?? new OriginObservations();
        lock (observed.Lock)
        {
            KeepAliveLimit limit = KeepAliveLimit.WithMeasuredMargin(this, settings, safeToRepeat: true);
            KeepAliveLimit nonIdempotentLimit = KeepAliveLimit.WithMeasuredMargin(this, settings, safeToRepeat: false);
            return new OriginKeepAlive
            {
                Origin = Key.Origin,
                Proxy = Key.Proxy,
                Configured = Known(settings.ConfiguredTicks),
                Advertised = Known(AdvertisedTicks),
                Learned = Known(LearnedTicks),
                Remembered = Known(RememberedTicks),
                OpenUntil = TimeSpan.FromTicks(OpenUntilTicks),
                Margin = Known(KeepAliveLimit.MarginInForce(this, settings)),
                Limit = limit.MaxIdle,
                LimitSource = limit.Source,
                NonIdempotentLimit = nonIdempotentLimit.MaxIdle,
                NonIdempotentLimitSource = nonIdempotentLimit.Source,
                IdleCloses = observed.IdleCloses,
                StaleHits = observed.StaleHits,
                RestartsSuspected = observed.Restarts,
                NonIdempotentSurfaced = observed.Surfaced,
                LastNonIdempotentSurfaced = observed.LastSurfaced,
            };
        }
    }

    private static TimeSpan? Known(long ticks) => ticks == LearningRules.None ? null : TimeSpan.FromTicks(ticks);

    private static long Age(TimeSpan idleAge) => Math.Clamp(idleAge.Ticks, 0, KeepAliveDefaults.MaxServerTimeout.Ticks);

    private long Now() => _ledger.ElapsedTicks;

    private void Publish(OriginObservations observed, LearningOutcome outcome)
    {
        Debug.Assert(Monitor.IsEntered(observed.Lock), "What was learned is published under the lock of the observations.");
        if (outcome == LearningOutcome.RestartSuspected)
        {
            observed.Restarts++;
        }

        if (observed.Learner.Timeout != LearningRules.None)
        {
            observed.Memory?.Forget();
        }

        // After the margin, which the learner has changed by now: one that was withdrawn must not be found beside a new timeout.
        Volatile.Write(ref _learnedTicks, observed.Learner.Timeout);
        Volatile.Write(ref _openUntilTicks, observed.Learner.OpenUntil);
        Volatile.Write(ref _interestedFromTicks, observed.Learner.InterestedFrom);
    }

    /// <summary>
    /// Whoever stands in the ledger for this origin, if it is not this instance any more. Outside the lock: two instances of one
    /// origin never lock each other.
    /// </summary>
    private OriginKnowledge? Successor()
    {
        OriginKnowledge current = IsDropped ? _ledger.TakeBack(this) : this;
        if (current != this)
        {
            return current;
        }

        LastUsed = _ledger.Time.GetTimestamp();
        return null;
    }
}
