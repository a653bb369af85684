using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>One kind of request against one server, by three clients.</summary>
public sealed class InteropRace(RequestKind kind, Uri target, TimeSpan configured)
{
    public RequestKind Kind { get; } = kind;

    /// <summary><see cref="HttpClient"/> as it is.</summary>
    public RaceEntry Plain { get; } = new(Contenders.Plain, kind, target);

    /// <summary>The guard with default options, that knows nothing.</summary>
    public RaceEntry Defaults { get; } = new(Guarded("guarded, defaults", static () => new StaleConnGuardOptions()), kind, target);

    /// <summary>The guard that was told what the server was told.</summary>
    public RaceEntry Configured { get; } = new(Guarded("guarded, configured", () => new StaleConnGuardOptions { KeepAlive = { ServerTimeout = configured } }), kind, target);

    public IReadOnlyList<RaceEntry> Entries => [Plain, Defaults, Configured];

    private static Contender Guarded(string name, Func<StaleConnGuardOptions> options) =>
        new(name, handler => StaleConnGuardHandler.Create(options(), handler, new KeepAliveLedger(), listener: GuardEvents.None));
}
