namespace StaleConnGuard.Exchanges;

/// <summary>
/// What is known when an exchange is given its connection, right before its first byte is written: everything that is judged afterwards is
/// judged by this. Immutable. Times are timestamps of the guard's clock, ages in <see cref="TimeSpan"/> ticks.
/// </summary>
internal sealed class Binding
{
    public required IGuardedConnection Connection { get; init; }

    /// <summary>The connection had been in the pool.</summary>
    public required bool IsReused { get; init; }

    /// <summary>Idle age of the connection when the exchange began to write.</summary>
    public required long IdleAgeTicks { get; init; }

    /// <summary>Age of the connection then.</summary>
    public required long ConnectionAgeTicks { get; init; }

    /// <summary>How many requests the connection had carried before.</summary>
    public required int RequestsBefore { get; init; }

    /// <summary>When the connection was last active before.</summary>
    public required long IdleSince { get; init; }

    /// <summary>When the exchange began to write.</summary>
    public required long BeganAt { get; init; }

    /// <summary>Where the request begins in the bytes of the connection.</summary>
    public required SendMark Mark { get; init; }
}
