namespace StaleConnGuard;

/// <summary>
/// What was observed of one origin, apart from what follows from it. A part of <see cref="OriginKnowledge"/> that is made when it is needed.
/// Everything here is guarded by its lock.
/// </summary>
internal sealed class OriginObservations
{
    public Lock Lock { get; } = new();

    public TimeoutLearner Learner { get; } = new();

    public AdvertisedTimeout Advertised { get; } = new();

    public long IdleCloses { get; set; }

    public long StaleHits { get; set; }

    public long Restarts { get; set; }

    public long Surfaced { get; set; }

    public DateTimeOffset? LastSurfaced { get; set; }
}
