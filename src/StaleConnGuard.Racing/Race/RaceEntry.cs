namespace StaleConnGuard.Racing;

/// <summary>One line of the table: a contender that sends one kind of request to one address. Counts while the race runs.</summary>
/// <param name="contender">Who sends.</param>
/// <param name="kind">What is sent.</param>
/// <param name="target">Where to.</param>
public sealed class RaceEntry(Contender contender, RequestKind kind, Uri target)
{
    private readonly Lock _lock = new();
    private readonly List<RaceOutcome> _outcomes = [];
    private int _connectionsOpened;

    /// <summary>Gets who sends.</summary>
    public Contender Contender { get; } = contender;

    /// <summary>Gets what is sent.</summary>
    public RequestKind Kind { get; } = kind;

    /// <summary>Gets where it is sent to.</summary>
    public Uri Target { get; } = target;

    /// <summary>Gets how many connections were opened so far.</summary>
    public int ConnectionsOpened => Volatile.Read(ref _connectionsOpened);

    /// <summary>Gets the outcomes so far, in the order in which they came.</summary>
    public IReadOnlyList<RaceOutcome> Outcomes
    {
        get
        {
            lock (_lock)
            {
                return [.. _outcomes];
            }
        }
    }

    /// <summary>Sums up the outcomes so far.</summary>
    public RaceTally Tally() => RaceTally.Of(Outcomes, ConnectionsOpened);

    internal void Add(RaceOutcome outcome)
    {
        lock (_lock)
        {
            _outcomes.Add(outcome);
        }
    }

    internal void AddConnections(int opened) => Interlocked.Add(ref _connectionsOpened, opened);
}
