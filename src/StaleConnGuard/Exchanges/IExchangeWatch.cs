namespace StaleConnGuard.Exchanges;

/// <summary>Watches one exchange for who asked: a span, a caller. Told by one side of the connection at a time; must not throw.</summary>
internal interface IExchangeWatch
{
    /// <summary>The first byte of a response has come.</summary>
    void FirstByte();

    /// <summary>The exchange ended before any response byte, or was refused the connection.</summary>
    void Ended(Exchange exchange);
}

/// <summary>Decides whether an exchange is watched. Thread-safe.</summary>
internal interface IExchangeWatcher
{
    /// <summary>Called when an exchange has been bound, right before its first byte is written. Null when nobody asked, which is the ordinary case.</summary>
    IExchangeWatch? Begin(Exchange exchange);
}
