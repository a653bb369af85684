namespace StaleConnGuard.Protocols.Http2;

/// <summary>How a connection ended, as it was found first. Immutable.</summary>
/// <param name="How">How.</param>
/// <param name="TakenUntil">Until when requests may have been received: a timestamp of the guard's clock; <see cref="long.MaxValue"/> when that is not known.</param>
/// <param name="Exception">What whoever reads or writes gets.</param>
internal sealed record RecordedEnd(ConnectionEnd How, long TakenUntil, SharedConnectionEndedException Exception)
{
    /// <summary>What became of a request whose headers cannot have been written before this moment.</summary>
    /// <param name="since">A timestamp of the guard's clock.</param>
    /// <param name="lastHeaders">When the last write with headers began.</param>
    public Delivery DeliveryOf(long since, long lastHeaders)
    {
        if (lastHeaders < since)
        {
            return Delivery.NotSent;
        }

        return TakenUntil < since ? Delivery.ProvenUndelivered : Delivery.Unknown;
    }
}
