using StaleConnGuard.Racing;

namespace StaleConnGuard.Cli;

/// <summary>A race that can be started. Owns the servers and the link.</summary>
internal sealed class PreparedRace(RaceGround ground, RaceSettings settings, RaceCourse? course = null) : IAsyncDisposable
{
    private readonly Dictionary<RaceEntry, RaceServer> _servers = [];
    private readonly List<RaceEntry> _entries = [];

    public RaceGround Ground { get; } = ground;

    public RaceSettings Settings { get; } = settings;

    public IReadOnlyList<RaceEntry> Entries => _entries;

    public void Add(RaceEntry entry, RaceServer? server = null)
    {
        _entries.Add(entry);
        if (server is not null)
        {
            _servers.Add(entry, server);
        }
    }

    /// <summary>How many of the entry's requests were executed more than once; null when the server does not count.</summary>
    public int? CountExecutedTwice(RaceEntry entry) => _servers.TryGetValue(entry, out RaceServer? server)
        ? server.Executions.CountExecutedTwice(entry.Outcomes.Select(outcome => outcome.RequestId))
        : null;

    public ValueTask DisposeAsync() => course?.DisposeAsync() ?? ValueTask.CompletedTask;
}
