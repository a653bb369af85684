namespace StaleConnGuard.Diagnosis;

/// <summary>How one side ended a connection: its first FIN, or its reset.</summary>
/// <param name="Frame">The frame.</param>
/// <param name="Time">Nanoseconds since 1970.</param>
/// <param name="Offset">Where its own stream ends.</param>
/// <param name="Acknowledged">How much of the other side's stream it had got; null when the packet does not say (a reset without ACK).</param>
internal sealed record StreamEnd(long Frame, long Time, long Offset, long? Acknowledged);
