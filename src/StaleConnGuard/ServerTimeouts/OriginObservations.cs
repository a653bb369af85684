namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// What was observed of one origin, apart from what follows from it. A part of <see cref="OriginKnowledge"/> that is made when it is needed.
/// Everything here is guarded by its lock; the measured margin may be read without.
/// </summary>
internal sealed class OriginObservations
{
    private long _lastSurfacedUtcTicks;
    private MemoryOfOrigin? _memory;

    /// <summary>The object itself, which nobody else sees: a <see cref="System.Threading.Lock"/> would weigh 40 bytes.</summary>
    public object Lock => this;

    public TimeoutLearner Learner { get; } = new();

    /// <summary>Made when the server first says something: most do not.</summary>
    public AdvertisedTimeout Advertised => field ??= new();

    /// <summary>What another process has learned, as long as this one has not.</summary>
    public MemoryOfOrigin? Memory
    {
        get => Volatile.Read(ref _memory);
        set => Volatile.Write(ref _memory, value);
    }

    public uint IdleCloses { get; set; }

    public uint StaleHits { get; set; }

    public uint Restarts { get; set; }

    public uint Surfaced { get; set; }

    public DateTimeOffset? LastSurfaced
    {
        get => _lastSurfacedUtcTicks == 0 ? null : new DateTimeOffset(_lastSurfacedUtcTicks, TimeSpan.Zero);
        set => _lastSurfacedUtcTicks = value?.UtcTicks ?? 0;
    }
}
