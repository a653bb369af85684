namespace StaleConnGuard.Testing;

/// <summary>When a server closes its idle connections. All times in seconds of the simulation.</summary>
public sealed record ServerModel
{
    public required string Name { get; init; }

    /// <summary>The absolute time at which a connection is closed that became idle at the first argument, at the backend numbered by the second.</summary>
    public required Func<double, int, Random, double> CloseAt { get; init; }

    /// <summary>The shortest timeout of all backends at a time: what somebody who knows the server would configure.</summary>
    public required Func<double, double> Shortest { get; init; }

    /// <summary>How many servers stand behind the origin; a connection belongs to one of them.</summary>
    public int Backends { get; init; } = 1;

    /// <summary>When the timeout changes, so that it has to be learned anew.</summary>
    public IReadOnlyList<double> Changes { get; init; } = [];

    /// <summary>When all connections are closed at once.</summary>
    public IReadOnlyList<double> Restarts { get; init; } = [];

    /// <summary>What became idle less than so long before a restart survives it: a server that is short of connections drops only the oldest.</summary>
    public double Spares { get; init; }

    /// <summary>The way there and the way back, each.</summary>
    public double Delay { get; init; } = 0.010;

    /// <summary>By how much a packet may be later than that, at random.</summary>
    public double Jitter { get; init; }

    /// <summary>One answer in so many is large: it comes half a second after the server has handed it to its kernel, where its clock starts. 0 for none.</summary>
    public int LargeAnswers { get; init; }

    /// <summary>What it says in <c>Keep-Alive: timeout=</c>.</summary>
    public double? Advertises { get; init; }

    /// <summary>Forgets connections without a FIN and answers later requests with a reset.</summary>
    public bool Silent { get; init; }
}
