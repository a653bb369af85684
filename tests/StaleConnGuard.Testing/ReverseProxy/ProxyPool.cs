namespace StaleConnGuard.Testing;

/// <summary>What a proxy forwards with.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Options">How it is guarded; null when it is not.</param>
/// <param name="IdleTimeout">What the runtime's pool is told; null for its default, a minute.</param>
public sealed record ProxyPool(string Name, StaleConnGuardOptions? Options = null, TimeSpan? IdleTimeout = null)
{
    public bool IsGuarded => Options is not null;

    /// <summary>A new pool that knows nothing of any server.</summary>
    internal HttpMessageHandler Make(SocketsHttpHandler sockets, IGuardEvents observer)
    {
        sockets.PooledConnectionIdleTimeout = IdleTimeout ?? sockets.PooledConnectionIdleTimeout;
        return Options is null ? sockets : StaleConnGuardHandler.Create(Options, sockets, new KeepAliveLedger(), observer);
    }
}
