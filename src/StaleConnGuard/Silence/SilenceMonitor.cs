using System.Net.Sockets;

namespace StaleConnGuard;

/// <summary>
/// Looks for one connection whether its peer has gone silent, and ends it then. With HTTP/1.1 above, it looks only while an exchange waits for its
/// answer; with anything else above (HTTP/2, a tunnel, a TLS handshake), after something was written. Driven by <see cref="SilenceWatch"/>.
/// </summary>
internal sealed class SilenceMonitor(TransportStream transport, SilenceWatch watch) : IWatchedConnection
{
    private volatile GuardedStream? _above;
    private volatile Exchange? _suspected;
    private bool _mayEndEarly;
    private Exchange? _waiting;
    private SilenceClock _clock;
    private EarlySuspicion _suspicion;
    private long _seenWritten;
    private bool _outstanding;

    public int Place { get; set; } = -1;

    public SilenceWatch Watch => watch;

    private long TimeoutTicks => watch.Settings.TimeoutTicks;

    /// <summary>From now on this connection carries HTTP/1.1.</summary>
    public void Carries(GuardedStream above) => _above = above;

    /// <summary>The connection had been idle before this exchange, which is about to be written: it deserves a look soon after.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="mayEndEarly">Whether the request would be replayed if its connection was found dead. Otherwise there is no hurry to end it.</param>
    public void Suspect(Exchange exchange, bool mayEndEarly)
    {
        _mayEndEarly = mayEndEarly;
        _suspected = exchange;
        watch.Hurry();
    }

    public long Look(long now) => _above is { IsDetached: false } above ? LookAtExchange(above, now) : LookAtBytes(now);

    private long LookAtExchange(GuardedStream above, long now)
    {
        Exchange? exchange = above.Outstanding;
        if (!ReferenceEquals(exchange, _waiting))
        {
            // Seen for the first time: most are answered before the next look.
            _waiting = exchange;
            _clock.Reset();
            _suspicion.Reset();
            return exchange is null ? SilenceWatch.Never : NextLook(exchange);
        }

        if (exchange is null || NextLook(exchange) == SilenceWatch.Never || !TcpInfo.TryRead(transport.Socket, out TcpInfo info))
        {
            return SilenceWatch.Never;
        }

        TimeSpan age = above.AgeOf(exchange);
        ulong before = transport.AcknowledgedAtConnect.GetValueOrDefault() + (ulong)exchange.BytesWrittenBefore;
        if (IsSuspected(exchange) && EndsEarly(above, exchange, _suspicion.Judge(info, before, age), age))
        {
            return SilenceWatch.Never;
        }

        // Of a request of which nothing is acknowledged it is known when it was written. Of anything else, only what has been watched counts.
        long silentFor = _clock.Measure(info, now, atMost: info.BytesAcknowledged <= before ? age.Ticks : 0);
        if (silentFor >= TimeoutTicks)
        {
            End(above, exchange, TimeSpan.FromTicks(silentFor));
            return SilenceWatch.Never;
        }

        return silentFor > 0 ? Math.Min(NextLook(exchange), TimeoutTicks - silentFor) : NextLook(exchange);
    }

    private bool IsSuspected(Exchange exchange) => ReferenceEquals(_suspected, exchange);

    private long NextLook(Exchange exchange)
    {
        if (IsSuspected(exchange))
        {
            return SilenceSettings.FastLookTicks;
        }

        return TimeoutTicks == SilenceWatch.Never ? SilenceWatch.Never : watch.Settings.SlowLookTicks;
    }

    private bool EndsEarly(GuardedStream above, Exchange exchange, EarlyFinding finding, TimeSpan age)
    {
        if (finding is EarlyFinding.TooSoon)
        {
            return false;
        }

        _suspected = null;
        if (finding is not EarlyFinding.Dead)
        {
            return false;
        }

        above.Origin.Suspects.FoundDead(exchange.BeganAt);
        return _mayEndEarly && End(above, exchange, age);
    }

    /// <summary>False when a response byte came first.</summary>
    private bool End(GuardedStream above, Exchange exchange, TimeSpan silentFor)
    {
        if (exchange.Responded || above.EndInSilence(exchange, silentFor))
        {
            Abort();
            return true;
        }

        return false;
    }

    private long LookAtBytes(long now)
    {
        long written = transport.BytesWritten;
        if (TimeoutTicks == SilenceWatch.Never || (written == _seenWritten && !_outstanding && !transport.IsWriting))
        {
            return SilenceWatch.Never;
        }

        _seenWritten = written;
        if (!TcpInfo.TryRead(transport.Socket, out TcpInfo info))
        {
            return SilenceWatch.Never;
        }

        _outstanding = info.Unacknowledged > 0 || info.Probes > 0;
        long silentFor = _clock.Measure(info, now, atMost: 0);
        if (silentFor >= TimeoutTicks)
        {
            Abort();
            return SilenceWatch.Never;
        }

        return silentFor > 0 ? Math.Min(watch.Settings.SlowLookTicks, TimeoutTicks - silentFor) : watch.Settings.SlowLookTicks;
    }

    /// <summary>
    /// Ends the connection so that whoever waits on it learns it at once, and so that closing it throws away what the kernel still holds: a path that
    /// comes back must not deliver the request after all.
    /// </summary>
    private void Abort()
    {
        try
        {
            transport.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
            transport.Socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }
}
