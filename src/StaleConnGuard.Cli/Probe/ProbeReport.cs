namespace StaleConnGuard.Cli;

/// <summary>The result of a probe: what was seen, and what follows from it.</summary>
/// <param name="Arguments">What was asked for.</param>
/// <param name="Connections">What each connection showed; at least one.</param>
/// <param name="Failures">Why others could not be measured.</param>
/// <param name="PrefersHttp2">Whether the server takes HTTP/2 when it is offered; null if that is not known.</param>
internal sealed record ProbeReport(
    ProbeArguments Arguments, IReadOnlyList<ConnectionFinding> Connections, IReadOnlyList<string> Failures, bool? PrefersHttp2)
{
    private readonly TimeSpan[] _ages = [.. Connections.Where(one => one.Idle.IsMeasured).Select(one => one.Idle.Age).Order()];

    /// <summary>Gets the smallest idle age at which the server closed; null when it closed none.</summary>
    public TimeSpan? Smallest => _ages is [var first, ..] ? first : null;

    /// <summary>Gets the largest of them.</summary>
    public TimeSpan? Largest => _ages is [.., var last] ? last : null;

    /// <summary>Gets the server timeout to configure; null when there is none.</summary>
    public TimeSpan? ServerTimeout => Smallest is { } smallest ? ServerTimeoutAdvice.RoundDown(smallest) : null;

    public int Count(IdleEnding ending) => Connections.Count(one => one.Idle.Ending == ending);

    public int CountKept(bool asked) => Connections.Count(one => one.Asked == asked && one.Idle.Ending != IdleEnding.NotKept);

    /// <summary>What the server advertises to requests that ask with <c>Connection: keep-alive</c>, or to those that do not.</summary>
    public TimeSpan? Advertised(bool asked) => Connections.Where(one => one.Asked == asked).Min(one => one.Response.Advertised);

    /// <summary>The presets whose timeout fits what was measured.</summary>
    public IReadOnlyList<KnownServerTimeout> Presets() => Smallest is { } smallest
        ? ServerTimeoutAdvice.Matching(smallest, advertises: Advertised(asked: true) is not null)
        : [];
}
