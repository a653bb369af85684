using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>When a server says <c>Keep-Alive: timeout=</c>.</summary>
public enum AdvertisedWhen
{
    Never,

    /// <summary>Only to requests that carry <c>Connection: keep-alive</c>.</summary>
    Asked,
    Always,
}

/// <summary>What came of one server's races.</summary>
public sealed record InteropRow
{
    public required string Server { get; init; }

    public required string Version { get; init; }

    public required AdvertisedWhen Advertised { get; init; }

    /// <summary>The idle ages at which it closed, in order.</summary>
    public required IReadOnlyList<TimeSpan> ClosingAges { get; init; }

    /// <summary>One for each kind of request.</summary>
    public required IReadOnlyList<InteropRace> Races { get; init; }

    /// <summary>What it executed; null when it does not count.</summary>
    public required ExecutionLog? Executions { get; init; }

    public IEnumerable<RaceOutcome> Outcomes(Func<InteropRace, RaceEntry> client) => Races.SelectMany(race => client(race).Outcomes);

    /// <summary>How many requests of a client were lost in flight at least once.</summary>
    public int Raced(Func<InteropRace, RaceEntry> client) => Outcomes(client).Count(outcome => outcome.Raced);

    /// <summary>How many requests of a client the server executed more than once; null when it does not count.</summary>
    public int? ExecutedTwice(Func<InteropRace, RaceEntry> client) => Executions?.CountExecutedTwice(Outcomes(client).Select(outcome => outcome.RequestId));
}
