namespace StaleConnGuard.Liveness;

/// <summary>
/// Looks for one connection whether its peer has gone silent, and ends it then. With HTTP/1.1 above, it looks only while an exchange waits for its
/// answer; with anything else above (HTTP/2, a tunnel, a TLS handshake), after something was written. Driven by <see cref="LivenessWatch"/>.
/// </summary>
/// <remarks>Made by a look that finds something outstanding, dropped by one that does not: most connections never need one.</remarks>
internal sealed class LivenessMonitor(TransportStream transport, LivenessWatch watch)
{
    private Exchange? _waiting;
    private SilenceClock _clock;
    private EarlySuspicion _suspicion;
    private long _seenWritten;
    private bool _outstanding;
    private WriteAfterPause? _suspected;

    private long TimeoutTicks => watch.Settings.TimeoutTicks;

    /// <param name="above">The connection that knows which exchange waits; null when nobody does.</param>
    /// <param name="now">The watch's clock, in <see cref="TimeSpan"/> ticks.</param>
    public long Look(ILivenessSubject? above, long now) => above is null ? LookAtBytes(now) : LookAtExchange(above, now);

    /// <summary>The early look at a connection that carries several requests. What is found later is found as everywhere.</summary>
    public long LookAtShared(ISharedLivenessSubject above)
    {
        if (above.Suspected is not WriteAfterPause write)
        {
            return LivenessWatch.Never;
        }

        if (!ReferenceEquals(write, _suspected))
        {
            _suspected = write;
            _suspicion.Reset();
        }

        EarlyFinding finding = transport.TryProbe(out TcpSnapshot info) && write.Mark.AcknowledgedBefore is ulong before
            ? _suspicion.Judge(info, before, above.Time.GetElapsedTime(write.Start))
            : EarlyFinding.Ended;
        if (finding is EarlyFinding.TooSoon)
        {
            return LivenessSettings.FastLookTicks;
        }

        if (finding is EarlyFinding.Dead)
        {
            above.Origin.Suspects.FoundDead(write.Start);
            if (above.EndInSilence(write))
            {
                transport.Abort();
            }
        }

        above.StopSuspecting(write);
        return LivenessWatch.Never;
    }

    private long LookAtExchange(ILivenessSubject above, long now)
    {
        Exchange? exchange = above.Outstanding;
        if (!ReferenceEquals(exchange, _waiting))
        {
            // Seen for the first time: most are answered before the next look.
            _waiting = exchange;
            _clock.Reset();
            _suspicion.Reset();
            return exchange is null ? LivenessWatch.Never : NextLook(exchange);
        }

        if (exchange is null || NextLook(exchange) == LivenessWatch.Never || !transport.TryProbe(out TcpSnapshot info))
        {
            return LivenessWatch.Never;
        }

        Binding binding = exchange.Binding!;
        TimeSpan age = exchange.Guard.Time.GetElapsedTime(binding.BeganAt);
        ulong before = binding.Mark.AcknowledgedBefore.GetValueOrDefault();
        if (exchange.IsSuspected && EndsEarly(above, exchange, _suspicion.Judge(info, before, age), age))
        {
            return LivenessWatch.Never;
        }

        // Of a request of which nothing is acknowledged it is known when it was written. Of anything else, only what has been watched counts.
        long silentFor = _clock.Measure(info, now, atMost: info.BytesAcknowledged <= before ? age.Ticks : 0);
        if (silentFor >= TimeoutTicks)
        {
            End(above, exchange, TimeSpan.FromTicks(silentFor));
            return LivenessWatch.Never;
        }

        return silentFor > 0 ? Math.Min(NextLook(exchange), TimeoutTicks - silentFor) : NextLook(exchange);
    }

    private long NextLook(Exchange exchange)
    {
        if (exchange.IsSuspected)
        {
            return LivenessSettings.FastLookTicks;
        }

        return TimeoutTicks == LivenessWatch.Never ? LivenessWatch.Never : watch.Settings.SlowLookTicks;
    }

    private bool EndsEarly(ILivenessSubject above, Exchange exchange, EarlyFinding finding, TimeSpan age)
    {
        if (finding is EarlyFinding.TooSoon)
        {
            return false;
        }

        exchange.StopSuspecting();
        if (finding is not EarlyFinding.Dead)
        {
            return false;
        }

        above.Origin.Suspects.FoundDead(exchange.Binding!.BeganAt);
        return exchange.MayEndEarly && End(above, exchange, age);
    }

    /// <summary>False when a response byte came first.</summary>
    private bool End(ILivenessSubject above, Exchange exchange, TimeSpan silentFor)
    {
        if (exchange.Responded || above.EndInSilence(exchange, silentFor))
        {
            transport.Abort();
            return true;
        }

        return false;
    }

    private long LookAtBytes(long now)
    {
        long written = transport.BytesWritten;
        if (TimeoutTicks == LivenessWatch.Never || (written == _seenWritten && !_outstanding && !transport.IsWriting))
        {
            return LivenessWatch.Never;
        }

        _seenWritten = written;
        if (!transport.TryProbe(out TcpSnapshot info))
        {
            return LivenessWatch.Never;
        }

        _outstanding = info.Unacknowledged > 0 || info.Probes > 0;
        long silentFor = _clock.Measure(info, now, atMost: 0);
        if (silentFor >= TimeoutTicks)
        {
            transport.Abort();
            return LivenessWatch.Never;
        }

        return silentFor > 0 ? Math.Min(watch.Settings.SlowLookTicks, TimeoutTicks - silentFor) : watch.Settings.SlowLookTicks;
    }
}
