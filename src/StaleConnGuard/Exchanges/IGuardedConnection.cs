namespace StaleConnGuard.Exchanges;

/// <summary>The connection that an exchange is bound to, whatever protocol it speaks. Thread-safe.</summary>
internal interface IGuardedConnection
{
    /// <summary>What is known of the server it leads to.</summary>
    OriginKnowledge Origin { get; }

    /// <summary>Names this connection within the process. Given when it is first asked for.</summary>
    long Id { get; }

    /// <summary>The exchange that has just been answered was the last that this connection may carry. Set before the pool gets the connection back.</summary>
    bool NoNewExchanges { get; set; }

    /// <summary>Returns when the server's kernel has acknowledged bytes of this exchange, when the exchange has ended, or when neither can be known.</summary>
    /// <param name="exchange">Its headers have been written.</param>
    /// <param name="blocking">The returned task has completed then, without a thread of the pool.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask WaitUntilTakenAsync(Exchange exchange, bool blocking, CancellationToken cancellationToken);
}
