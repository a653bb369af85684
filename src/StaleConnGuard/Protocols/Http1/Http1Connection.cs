namespace StaleConnGuard.Protocols.Http1;

/// <summary>What the collaborators on one connection share: where it leads, what carries it, who it works for, how long it has been idle.</summary>
/// <remarks>
/// Threads: what is set when it is made never changes. <see cref="Requests"/> is written by the writing side before the first byte of a request;
/// <see cref="NoNewExchanges"/> by either side while an exchange is under way, and read by the request that comes next; <see cref="IsDisposed"/> by who
/// disposes the stream.
/// </remarks>
/// <param name="handle">The connection as exchanges see it.</param>
/// <param name="transport">Its socket end; null where that is not known.</param>
/// <param name="guard">Of all connections of the handler.</param>
/// <param name="origin">What is known of the server.</param>
internal sealed class Http1Connection(IGuardedConnection handle, TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin)
{
    private volatile bool _disposed;

    public IGuardedConnection Handle { get; } = handle;

    public TransportStream? Transport { get; } = transport;

    public ConnectionGuard Guard { get; } = guard;

    public OriginKnowledge Origin { get; } = origin;

    public ConnectionUser User { get; } = new();

    public IdleClock Clock { get; } = new(guard.Time, transport);

    /// <summary>Requests that have begun to be written on it.</summary>
    public int Requests { get; set; }

    /// <inheritdoc cref="IGuardedConnection.NoNewExchanges"/>
    public bool NoNewExchanges { get; set; }

    /// <summary>The pool looked at it for an exchange that may not have it, and was told that it has ended. Written by the request that was refused.</summary>
    public bool RefusedAtCheckout { get; set; }

    public bool IsDisposed
    {
        get => _disposed;
        set => _disposed = value;
    }
}
