using StaleConnGuard.Racing;

namespace StaleConnGuard.Benchmarks;

/// <summary>Who takes part: what people do today, what they would pick instead, and the guard with more and more known.</summary>
internal static class RaceRateContenders
{
    /// <summary>The guard that never learns: every race happens, every time, and is recovered from.</summary>
    public static Contender GuardedNotLearning { get; } = new(
        "guarded, learning off",
        static handler => StaleConnGuardHandler.Create(new StaleConnGuardOptions { KeepAlive = { Learn = false } }, handler));

    public static Contender GuardedLearning { get; } = Contenders.Guarded with { Name = "guarded, learning" };

    public static Contender PollyRetry { get; } = Contenders.RetryOnAnyFailure with { Name = "Polly retry" };

    public static IReadOnlyList<RequestKind> Kinds { get; } = [RequestKind.Get, RequestKind.PostWithBody];

    public static IReadOnlyList<Contender> All(TimeSpan serverTimeout) =>
    [
        Contenders.Plain,
        Contenders.KeepAliveOff,
        PollyRetry,
        Standard(),
        GuardedNotLearning,
        GuardedLearning,
        Contenders.GuardedWith(serverTimeout) with { Name = "guarded, configured" },
    ];

    public static bool IsGuarded(Contender contender) => contender.Name.StartsWith("guarded", StringComparison.Ordinal);

    // One breaker for all workers, as one named client has.
    private static Contender Standard()
    {
        var standard = new StandardHandler();
        return new Contender("AddStandardResilienceHandler", standard.Around);
    }
}
