namespace StaleConnGuard.Testing;

/// <summary>One POST of a <see cref="LearningRace"/>.</summary>
/// <param name="Id">Its <c>X-Request-Id</c>.</param>
/// <param name="Knew">The server's timeout was known when it left.</param>
/// <param name="Hits">The stale hits it met, healed or not.</param>
/// <param name="Resets">Those of them that ended in a reset.</param>
/// <param name="Failure">What its caller got, or null.</param>
public sealed record SentPost(string Id, bool Knew, int Hits, int Resets, Exception? Failure);

/// <summary>What came of a <see cref="LearningRace"/>.</summary>
public sealed record LearningResult
{
    public required string Server { get; init; }

    /// <summary>The idle ages at which the server closed connections that were left alone, in order.</summary>
    public required IReadOnlyList<TimeSpan> ClosingAges { get; init; }

    public required IReadOnlyList<SentPost> Plain { get; init; }

    public required IReadOnlyList<SentPost> Guarded { get; init; }

    /// <summary>What the guarded clients knew in the end.</summary>
    public required OriginKeepAlive Known { get; init; }

    /// <summary>How many guarded requests the server executed more than once.</summary>
    public required int ExecutedTwice { get; init; }

    public int PlainFailed => Plain.Count(sent => sent.Failure is not null);

    public int HitsBefore => Guarded.Where(sent => !sent.Knew).Sum(sent => sent.Hits);

    public int HitsAfter => Guarded.Where(sent => sent.Knew).Sum(sent => sent.Hits);

    public int Resets => Guarded.Sum(sent => sent.Resets);

    public IReadOnlyList<SentPost> GuardedFailures => [.. Guarded.Where(sent => sent.Failure is not null)];
}
