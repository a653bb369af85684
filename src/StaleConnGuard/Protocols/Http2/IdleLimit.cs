namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// Takes one connection out of the pool before the server closes it: looks when it may have come to its keep-alive limit. A request costs it nothing; a
/// connection that is in use is looked at once in a while.
/// </summary>
/// <remarks>
/// There is no checkout on HTTP/2 at which a connection could be refused, so it should be gone before it is chosen. A timer comes late where processor time is short: then the
/// connection refuses the first request's headers, by the limit that was worked out last.
/// </remarks>
internal sealed class IdleLimit : IDisposable
{
    // A limit that is learned while the timer runs applies from the next look on.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_soon = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_shortestWait = TimeSpan.FromMilliseconds(1);

    private readonly Http2Connection _connection;
    private readonly Func<KeepAliveSettings> _settings;
    private readonly ITimer _timer;

    public IdleLimit(Http2Connection connection, Func<KeepAliveSettings> settings)
    {
        _connection = connection;
        _settings = settings;
        _timer = MakeTimer(connection.Guard.Time);
        _ = _timer.Change(Look(), Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Takes the connection out if its time has come. Returns when to look again.</summary>
    internal TimeSpan Look()
    {
        long limit = KeepAliveLimit.WithFullMargin(_connection.Origin, _settings(), safeToRepeat: true).MaxIdleTicks;
        _connection.MaxIdleTicks = limit;
        if (limit == KeepAliveSettings.None)
        {
            return s_longestWait;
        }

        // In use now, it cannot be too old before a whole limit has passed.
        if (_connection.IdleFor() is not TimeSpan idle)
        {
            return Clamp(limit);
        }

        long left = limit - idle.Ticks;
        if (left <= 0)
        {
            TimeProvider time = _connection.Guard.Time;
            _connection.RetireIfIdleSince(time.GetTimestamp() - (long)(limit * ((double)time.TimestampFrequency / TimeSpan.TicksPerSecond)), RefusalReason.TooOld);

            // It stays while a body may be on its way to it, which is soon known.
            return _connection.End is null ? s_soon : s_longestWait;
        }

        return Clamp(left);
    }

    private static TimeSpan Clamp(long ticks) => TimeSpan.FromTicks(Math.Clamp(ticks, s_shortestWait.Ticks, s_longestWait.Ticks));

    private ITimer MakeTimer(TimeProvider time)
    {
        // It lives as long as the connection, and must not carry the context of whoever happens to make that.
        bool flows = !ExecutionContext.IsFlowSuppressed();
        if (flows)
        {
            ExecutionContext.SuppressFlow();
        }

        try
        {
            return time.CreateTimer(static limit => ((IdleLimit)limit!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            if (flows)
            {
                ExecutionContext.RestoreFlow();
            }
        }
    }

    private void Tick()
    {
        try
        {
            _ = _timer.Change(Look(), Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // It was disposed meanwhile.
        }
    }
}
