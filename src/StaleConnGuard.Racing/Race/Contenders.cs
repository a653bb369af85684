namespace StaleConnGuard.Racing;

/// <summary>The contenders of a race: what people do today, and the guard.</summary>
public static class Contenders
{
    /// <summary>Gets <see cref="HttpClient"/> as it is.</summary>
    public static Contender Plain { get; } = new("HttpClient as it is", static handler => handler);

    /// <summary>Gets a client that asks the server to close after every response: no reuse, no race, and a new connection for each request.</summary>
    public static Contender KeepAliveOff { get; } = new("keep-alive off", static handler => new ConnectionCloseHandler(handler));

    /// <summary>Gets a client that repeats whatever failed, whatever it was.</summary>
    public static Contender RetryOnAnyFailure { get; } = new("retry on any failure", static handler => new BlindRetryHandler(handler));

    /// <summary>Gets the guard with default options: nothing is known of the server.</summary>
    public static Contender Guarded { get; } = new("guarded, nothing known", static handler => StaleConnGuardHandler.Create(handler: handler));

    /// <summary>The guard, told the server's idle timeout.</summary>
    public static Contender GuardedWith(TimeSpan serverTimeout) => new(
        "guarded, timeout configured",
        handler => StaleConnGuardHandler.Create(new StaleConnGuardOptions { KeepAlive = { ServerTimeout = serverTimeout } }, handler));

    /// <summary>All of them, in the order of the table.</summary>
    public static IReadOnlyList<Contender> All(TimeSpan serverTimeout) =>
        [Plain, KeepAliveOff, RetryOnAnyFailure, Guarded, GuardedWith(serverTimeout)];
}
