namespace StaleConnGuard.Pipeline;

/// <summary>
/// The <see cref="HttpClient.Timeout"/> of the clients of one name, told by whoever configures them: a handler cannot see it. Clients are
/// made after their handler, hence a place of its own. Thread-safe.
/// </summary>
internal sealed class ClientTimeout
{
    private long _ticks = Timeout.InfiniteTimeSpan.Ticks;

    /// <summary><see cref="Timeout.InfiniteTimeSpan"/> as long as nothing is known.</summary>
    public TimeSpan Value
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref _ticks));
        set => Volatile.Write(ref _ticks, value.Ticks);
    }
}
