using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>All kinds of requests, raced with the guard alone.</summary>
internal sealed class Http2GuardedRace
{
    public Http2GuardedRace(Uri address, TimeSpan idle, TimeSpan delay, Action<StaleConnGuardOptions>? configure = null)
    {
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };
        configure?.Invoke(options);
        Races = [.. Http2Race.Kinds.Select(kind => new Http2Race(address, idle, delay, kind, sockets => StaleConnGuardHandler.Create(options, sockets, new KeepAliveLedger(), Observer)))];
    }

    public RecordingObserver Observer { get; } = new();

    public IReadOnlyList<Http2Race> Races { get; }
}
