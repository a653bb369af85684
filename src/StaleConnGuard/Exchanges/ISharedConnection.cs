namespace StaleConnGuard.Exchanges;

/// <summary>A connection that carries several requests at once (HTTP/2), as far as a request that failed on it needs to know it. Thread-safe.</summary>
internal interface ISharedConnection : IGuardedConnection
{
    /// <summary>Whose connection it is: evidence counts for requests of the same handler only.</summary>
    ConnectionGuard Guard { get; }

    /// <summary>What it knows of which requests went out on it; also tells connections apart.</summary>
    ConnectionTrace Trace { get; }

    /// <summary>What the end of this connection says of a request whose headers cannot have been written before this moment.</summary>
    /// <param name="since">A timestamp of the guard's clock.</param>
    SharedVerdict Judge(long since);

    /// <summary>What is known of this connection at the moment of a request whose headers cannot have been written before; null when none was written since.</summary>
    /// <param name="since">A timestamp of the guard's clock.</param>
    Binding? CarriedSince(long since);

    /// <summary>True once: one end is one observation, however many requests it hit.</summary>
    bool TryReport();

    /// <summary>Takes the connection out of the pool if no stream is open and it has been idle since this moment or before.</summary>
    void RetireIfIdleSince(long moment, RefusalReason reason);
}
