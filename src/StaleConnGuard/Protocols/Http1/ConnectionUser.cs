namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Who one connection works for: nobody yet (null), the pool, which has looked at it and whose read is pending, an <see cref="Exchange"/>, or nobody
/// ever again.
/// </summary>
/// <remarks>
/// Threads: any. It changes by compare-and-swap, because of this race: the reading side sees end-of-stream and finds nobody to tell; the writing side
/// begins an exchange in that moment. If both went through, the runtime would find a silent end-of-stream and repeat the request on its own. With the
/// swap, either the exchange is bound first and gets the evidence, or the connection has ended first and the write is refused.
/// </remarks>
internal sealed class ConnectionUser
{
    private static readonly object s_pool = new();
    private static readonly object s_nobodyEver = new();

    private object? _current;

    /// <summary>To be handed back to <see cref="TryGiveTo"/> and <see cref="TryEnd"/>, which succeed only if nobody has changed it meanwhile.</summary>
    public object? Current => Volatile.Read(ref _current);

    /// <summary>The exchange it works for, or worked for last.</summary>
    public Exchange? Exchange => Current as Exchange;

    /// <summary>It works for nobody any more.</summary>
    public bool HasEnded => IsEnded(Current);

    public static bool IsPool(object? user) => ReferenceEquals(user, s_pool);

    public static bool IsEnded(object? user) => ReferenceEquals(user, s_nobodyEver);

    public void GiveToPool() => Volatile.Write(ref _current, s_pool);

    public bool TryGiveTo(Exchange exchange, object? seen) => ReferenceEquals(Interlocked.CompareExchange(ref _current, exchange, seen), seen);

    public bool TryEnd(object? seen) => ReferenceEquals(Interlocked.CompareExchange(ref _current, s_nobodyEver, seen), seen);

    public void End() => Volatile.Write(ref _current, s_nobodyEver);
}
