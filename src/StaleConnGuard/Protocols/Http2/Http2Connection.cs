namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// What is known of one HTTP/2 connection: its open streams, when requests were written, how it ended and until when requests may have been received. Told what
/// passes by its <see cref="Http2Stream"/>, asked by requests that failed. Thread-safe; one writer and one reader at a time tell it.
/// </summary>
/// <remarks>
/// There is no checkout on HTTP/2, and no execution context in the calls on the stream. So nothing ties a request to its connection beforehand, and times do: the
/// headers of a request are written after it was handed down. When the connection ends, the kernel's count of acknowledged bytes says which of the writes
/// with headers the server's side can have taken; a request handed down after the last of them began was not received.
/// </remarks>
internal sealed class Http2Connection : ISharedConnection, ISharedLivenessSubject
{
    private static long s_lastId;

    private readonly Lock _lock = new();
    private readonly OpenStreams _streams = new();
    private readonly HeadersWrites _writes = new();
    private readonly long _created;
    private readonly LivenessWatch? _watch;
    private FrameScanner _sent = FrameScanner.OfClient();
    private FrameScanner _received = FrameScanner.OfServer();
    private volatile SharedConnectionEndedException? _end;
    private volatile bool _isEnding;
    private ConnectionEnd _how;
    private long _takenUntil = long.MaxValue;
    private long _lastActivity;
    private long _answeredAt = long.MaxValue;
    private long _idleBeforeLast;
    private int _requests;
    private int _reported;
    private bool _closeReported;
    private volatile WriteAfterPause? _suspected;

    public Http2Connection(TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin)
    {
        Transport = transport;
        Guard = guard;
        Origin = origin;
        _created = _lastActivity = guard.Time.GetTimestamp();
        Trace = new ConnectionTrace(_created);
        if (transport?.Listener is WatchedTransport watched)
        {
            _watch = watched.Watch.Settings.SuspectsEarly ? watched.Watch : null;
            watched.Carries(this);
        }
    }

    public OriginKnowledge Origin { get; }

    /// <inheritdoc/>
    public TimeProvider Time => Guard.Time;

    /// <inheritdoc/>
    public WriteAfterPause? Suspected => _suspected;

    /// <inheritdoc/>
    public long Id { get; } = Interlocked.Increment(ref s_lastId);

    /// <summary>On HTTP/2 that is GOAWAY, which the runtime obeys by itself.</summary>
    public bool NoNewExchanges { get; set; }

    public ConnectionGuard Guard { get; }

    public ConnectionTrace Trace { get; }

    public TransportStream? Transport { get; }

    /// <summary>What whoever reads or writes gets from now on; null while the connection lives.</summary>
    public SharedConnectionEndedException? End => _end;

    /// <summary>The reading side has met the end and is finding out what it means: nothing is written any more.</summary>
    public bool IsEnding => _isEnding;

    private bool IsLost => _sent.IsLost || _received.IsLost;

    /// <summary>Notes bytes that are about to be written. False when they must not be: the connection has ended, or is ending.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        long idleTicks = -1;
        bool isSuspect = false;
        lock (_lock)
        {
            if (_end is not null || _isEnding)
            {
                return false;
            }

            long now = 0;
            long idleNow = -1;
            bool hasHeaders = false;
            while (_sent.TryNext(ref bytes, out FrameHeader frame))
            {
                if (!frame.IsActivity)
                {
                    _ = _streams.Sent(frame);
                    continue;
                }

                now = now == 0 ? Guard.Time.GetTimestamp() : now;
                idleNow = idleNow < 0 ? (_streams.Count == 0 ? Guard.Time.GetElapsedTime(_lastActivity, now).Ticks : 0) : idleNow;
                if (_streams.Sent(frame))
                {
                    hasHeaders = true;
                    _requests++;
                }
            }

            if (now != 0)
            {
                _lastActivity = now;
            }

            if (hasHeaders)
            {
                bool reused = _requests > 1 && _answeredAt != long.MaxValue;
                _writes.Add(new HeadersWrite(now, Transport?.BytesWritten ?? 0, idleNow));
                Trace.LastHeaders = now;
                _idleBeforeLast = reused ? idleNow : 0;
                idleTicks = reused && idleNow > 0 ? idleNow : -1;
                if (_watch is not null && idleTicks >= LivenessSettings.EarlyFromTicks)
                {
                    _suspected = new WriteAfterPause(now, MarkOf(_writes[0].BytesBefore));
                    isSuspect = true;
                }
            }

            if (IsLost)
            {
                Trace.LastHeaders = long.MaxValue;
            }
        }

        if (isSuspect)
        {
            _watch!.Hurry();
        }

        if (idleTicks > 0)
        {
            Guard.Events.ConnectionReused(Origin, idleTicks);
        }

        return true;
    }

    /// <summary>Notes bytes that came.</summary>
    public void Received(ReadOnlySpan<byte> bytes)
    {
        long seenOpen = 0;
        long closedAt = -1;
        lock (_lock)
        {
            // Whatever it is that came, it came from a peer that is there.
            _suspected = null;
            long now = 0;
            while (_received.TryNext(ref bytes, out FrameHeader frame))
            {
                if (frame.IsActivity)
                {
                    now = now == 0 ? Guard.Time.GetTimestamp() : now;
                    _answeredAt = Math.Min(_answeredAt, now);
                }
                else if (frame.Type == FrameHeader.GoAway && _streams.Count == 0 && _requests > 0 && !_closeReported)
                {
                    _closeReported = true;
                    closedAt = Guard.Time.GetElapsedTime(_lastActivity).Ticks;
                }

                _streams.Received(frame);
            }

            if (now != 0)
            {
                (seenOpen, _idleBeforeLast) = (_idleBeforeLast, 0);
                _lastActivity = now;
            }

            if (IsLost)
            {
                Trace.LastHeaders = long.MaxValue;
            }
        }

        if (closedAt >= 0)
        {
            // The read was pending, so this is when it came.
            Guard.Events.IdleConnectionClosed(Origin, new IdleClose(TimeSpan.FromTicks(closedAt), IsExact: true));
        }
        else if (seenOpen > 0)
        {
            Guard.Events.SeenOpen(Origin, TimeSpan.FromTicks(seenOpen), answered: true);
        }
    }

    /// <summary>
    /// The reading side met end-of-stream. Finds out how the connection ended and what had been taken until then, and records it before anybody is told: who fails a
    /// request earlier has it sent again on the connection that is dying.
    /// </summary>
    public async ValueTask<SharedConnectionEndedException> EndOfStreamAsync()
    {
        long idleTicks = -1;
        lock (_lock)
        {
            if (_end is not null)
            {
                return _end;
            }

            // From here on nothing is written, so what has been written is all that there is to judge.
            _isEnding = true;
            if (Transport is { IsAborted: true })
            {
                return RecordEnd(ConnectionEnd.Silence, long.MaxValue, GoneSilent());
            }

            if (_streams.Count == 0 && _requests > 0 && !_closeReported && !IsLost)
            {
                _closeReported = true;
                idleTicks = Guard.Time.GetElapsedTime(_lastActivity).Ticks;
            }
        }

        if (idleTicks >= 0)
        {
            ReportIdleClose(TimeSpan.FromTicks(idleTicks));
        }

        (ConnectionEnd how, long takenUntil) = await TakenUntilAsync().ConfigureAwait(false);
        return RecordEnd(how, takenUntil, new SharedConnectionEndedException(HttpRequestError.ResponseEnded, "The server closed the HTTP/2 connection.", this));
    }

    /// <summary>The connection failed: a reset, or whatever else. Nothing is proven of what had been written.</summary>
    public SharedConnectionEndedException Failed(Exception failure) => RecordEnd(
        Transport is { IsAborted: true } ? ConnectionEnd.Silence : ConnectionEnd.Reset,
        long.MaxValue,
        new SharedConnectionEndedException(HttpRequestError.ResponseEnded, "The HTTP/2 connection was reset.", this, failure));

    /// <inheritdoc/>
    public void StopSuspecting(WriteAfterPause write) => Interlocked.CompareExchange(ref _suspected, null, write);

    /// <inheritdoc/>
    public bool EndInSilence(WriteAfterPause write)
    {
        lock (_lock)
        {
            if (_end is not null || _isEnding || !ReferenceEquals(_suspected, write) || Guard.Shared.HasRequestsThatWouldSurface)
            {
                return false;
            }

            _ = RecordEnd(ConnectionEnd.Silence, long.MaxValue, GoneSilent());
            return true;
        }
    }

    public SharedVerdict Judge(long since)
    {
        lock (_lock)
        {
            HeadersWrite? write = _writes.FirstSince(since);
            bool isReused = _answeredAt < since;
            long at = write?.Start ?? since;
            long idleTicks = write?.IdleTicks ?? (_streams.Count == 0 ? Math.Max(0, Guard.Time.GetElapsedTime(_lastActivity, at).Ticks) : 0);
            Delivery delivery = DeliveryOf(since);

            // Not written at all: there was nothing wrong with the request or the connection when it was chosen. On one that never answered, that counts like any other try.
            ConnectionEnd how = delivery is Delivery.NotSent && isReused && _how is not ConnectionEnd.Refused ? ConnectionEnd.ClosedBeforeUse : _how;
            return new SharedVerdict(how, delivery, new Binding
            {
                Connection = this,
                IsReused = isReused,
                IdleAgeTicks = idleTicks,
                ConnectionAgeTicks = Guard.Time.GetElapsedTime(_created, at).Ticks,
                RequestsBefore = Math.Max(0, _requests - 1),
                IdleSince = since,
                BeganAt = at,
                Mark = MarkOf(write?.BytesBefore ?? 0),
            });
        }
    }

    /// <summary>Headers that leave alone change what servers do, so nobody waits for them here.</summary>
    public ValueTask WaitUntilTakenAsync(Exchange exchange, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public bool TryReport() => Interlocked.Exchange(ref _reported, 1) == 0;

    public void RetireIfIdleSince(long moment, RefusalReason reason)
    {
        lock (_lock)
        {
            if (_end is not null || _isEnding || IsLost || _requests == 0 || _streams.Count > 0 || _sent.IsWithinFrame || _lastActivity > moment || Guard.Shared.HasBodiesUnderWay)
            {
                return;
            }

            _how = ConnectionEnd.Refused;
            _takenUntil = long.MaxValue;
            _end = new SharedConnectionEndedException(HttpRequestError.ConnectionError, "The HTTP/2 connection has been idle for too long to be used; nothing was sent.", this);
        }

        if (reason is RefusalReason.TooOld)
        {
            // No FIN has come until now; what ends the runtime's pending read is ours. Of a sibling of one that is dead that is not known.
            Guard.Events.SeenOpen(Origin, Guard.Time.GetElapsedTime(Volatile.Read(ref _lastActivity)), answered: false);
        }

        Guard.Events.ConnectionRefused(Origin, reason);
        Transport?.StopReceiving();
    }

    /// <summary>How long it has been idle: no stream open, and neither HEADERS nor DATA seen. Null while it is in use, or when that is not known.</summary>
    public TimeSpan? IdleFor()
    {
        lock (_lock)
        {
            return _end is not null || IsLost || _requests == 0 || _streams.Count > 0 ? null : Guard.Time.GetElapsedTime(_lastActivity);
        }
    }

    private SharedConnectionEndedException GoneSilent() =>
        new(HttpRequestError.ResponseEnded, "The HTTP/2 connection has gone silent: nothing was acknowledged.", this);

    private SendMark MarkOf(long bytesBefore) => new(bytesBefore, Transport?.AcknowledgedAtConnect);

    private Delivery DeliveryOf(long since)
    {
        if (IsLost || _end is null)
        {
            return Delivery.Unknown;
        }

        if (_writes.LastStart < since)
        {
            return Delivery.NotSent;
        }

        return _takenUntil < since ? Delivery.ProvenUndelivered : Delivery.Unknown;
    }

    private SharedConnectionEndedException RecordEnd(ConnectionEnd how, long takenUntil, SharedConnectionEndedException end)
    {
        lock (_lock)
        {
            if (_end is null)
            {
                _how = how;
                _takenUntil = takenUntil;
                _end = end;
                Guard.Shared.NoteEnd(Guard.Time.GetTimestamp());
            }

            return _end;
        }
    }

    /// <summary>Until when requests may have been received: the start of the last write with headers of which the server's kernel acknowledged a byte.</summary>
    private async ValueTask<(ConnectionEnd How, long TakenUntil)> TakenUntilAsync()
    {
        ConnectionEnd how = ConnectionEnd.EndOfStream;
        for (int age = 0; age < _writes.Count; age++)
        {
            // Nobody adds to them any more.
            HeadersWrite write = _writes[age];
            (how, Delivery delivery) = await DeliveryProof.AfterEndOfStreamAsync(Transport, MarkOf(write.BytesBefore), Guard.Time).ConfigureAwait(false);
            if (how is ConnectionEnd.Reset)
            {
                return (how, long.MaxValue);
            }

            if (delivery is not Delivery.ProvenUndelivered)
            {
                return (how, write.Start);
            }
        }

        return (how, _writes.ForgottenUntil);
    }

    private void ReportIdleClose(TimeSpan idleAge)
    {
        if (Transport is not null && Transport.TryProbe(out TcpSnapshot info) && info.State == TcpSnapshot.CloseWait && info.LastAckReceived <= idleAge)
        {
            Guard.Events.IdleConnectionClosed(Origin, new IdleClose(idleAge - info.LastAckReceived, IsExact: true, SinceClosed: info.LastAckReceived, RoundTrip: info.LongRoundTrip));
            return;
        }

        Guard.Events.IdleConnectionClosed(Origin, new IdleClose(idleAge, IsExact: false));
    }
}
