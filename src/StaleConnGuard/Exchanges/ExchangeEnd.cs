namespace StaleConnGuard.Exchanges;

/// <summary>How an exchange ended before any response byte, and what became of its request. Immutable, so whoever finds it finds it whole.</summary>
internal sealed record ExchangeEnd(ConnectionEnd End, Delivery Delivery)
{
    /// <summary>The guard did not let it have its connection: nothing was sent.</summary>
    public bool WasRefused => End is ConnectionEnd.Refused or ConnectionEnd.ClosedBeforeUse;
}
