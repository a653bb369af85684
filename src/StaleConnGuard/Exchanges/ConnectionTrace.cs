namespace StaleConnGuard.Exchanges;

/// <summary>When requests were last written on a shared connection. Outlives it, holds nothing of it. Thread-safe.</summary>
/// <param name="created">A timestamp of the guard's clock.</param>
internal sealed class ConnectionTrace(long created)
{
    private long _lastHeaders = long.MinValue;

    public long Created { get; } = created;

    /// <summary>When the last write with a request's headers began; <see cref="long.MaxValue"/> when that is not known any more.</summary>
    public long LastHeaders
    {
        get => Volatile.Read(ref _lastHeaders);
        set => Volatile.Write(ref _lastHeaders, value);
    }
}
