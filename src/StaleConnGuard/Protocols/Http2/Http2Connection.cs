namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// What is known of one HTTP/2 connection: its open streams, when requests were written, how it ended and until when requests may have been received. Told what
/// passes by its <see cref="Http2Stream"/>, asked by requests that failed. Thread-safe; one writer and one reader at a time tell it, neither of whom waits for the other.
/// </summary>
/// <remarks>
/// There is no checkout on HTTP/2, and no execution context in the calls on the stream. So nothing ties a request to its connection beforehand, and times do: the
/// headers of a request are written after it was handed down. When the connection ends, the kernel's count of acknowledged bytes says which of the writes
/// with headers the server's side can have taken; a request handed down after the last of them began was not received.
/// </remarks>
internal sealed class Http2Connection : ISharedConnection, ISharedLivenessSubject
{
    private static long s_lastId;

    private readonly Idleness _idleness;
    private readonly SentFrames _sent;
    private readonly ReceivedFrames _received;
    private readonly LivenessWatch? _watch;
    private WriteGate _gate;
    private volatile RecordedEnd? _end;
    private volatile bool _isEnding;
    private volatile WriteAfterPause? _suspected;
    private long _maxIdleTicks = KeepAliveSettings.None;
    private long _idleBeforeLast;
    private int _reported;

    // The reader's.
    private bool _closeReported;

    public Http2Connection(TransportStream? transport, ConnectionGuard guard, OriginKnowledge origin)
    {
        Transport = transport;
        Guard = guard;
        Origin = origin;
        _idleness = new Idleness(guard.Time);
        Trace = new ConnectionTrace(_idleness.LastActivity);
        _received = new ReceivedFrames(_idleness, guard.Time, Trace);
        _sent = new SentFrames(_idleness, _received, guard.Time, Trace);
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
    public SharedConnectionEndedException? End => _end?.Exception;

    /// <summary>The reading side has met the end and is finding out what it means: nothing is written any more.</summary>
    public bool IsEnding => _isEnding;

    /// <summary>In <see cref="TimeSpan"/> ticks. Idle for longer, it carries no further request.</summary>
    public long MaxIdleTicks
    {
        get => Volatile.Read(ref _maxIdleTicks);
        set => Volatile.Write(ref _maxIdleTicks, value);
    }

    /// <summary>
    /// For a request that is about to be written. A body that was under way when the connection came to its limit has kept it in the pool; one that began later found it there only
    /// because the timer was late.
    /// </summary>
    private long MaxIdleTicksNow
    {
        get
        {
            long limit = MaxIdleTicks;
            if (limit == KeepAliveSettings.None || _received.IsLost)
            {
                return KeepAliveSettings.None;
            }

            bool isKept = Guard.Shared.HasBodiesUnderWay && Guard.Time.GetElapsedTime(_idleness.LastActivity, Guard.Shared.BodiesUnderWaySince).Ticks <= limit;
            return isKept ? KeepAliveSettings.None : limit;
        }
    }

    private bool IsLost => _sent.IsLost || _received.IsLost;

    /// <summary>Notes bytes that are about to be written. False when they must not be: the connection has ended, is ending, or has been idle for too long.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        if (!_gate.TryEnter())
        {
            return false;
        }

        long idleTicks = 0;
        bool isSuspect = false;
        SentFrames.Noted noted;
        try
        {
            noted = _sent.Note(bytes, Transport?.BytesWritten ?? 0, MaxIdleTicksNow);
            if (noted is SentFrames.Noted.Headers)
            {
                HeadersWrite write = _sent.Writes[0];
                idleTicks = write.IsReused ? write.IdleTicks : 0;
                Volatile.Write(ref _idleBeforeLast, idleTicks);
                isSuspect = _watch is not null && idleTicks >= LivenessSettings.EarlyFromTicks;
                if (isSuspect)
                {
                    _suspected = new WriteAfterPause(write.Start, MarkOf(write.BytesBefore));
                }
            }
        }
        finally
        {
            _gate.Leave();
        }

        if (noted is SentFrames.Noted.TooOld)
        {
            bool isFirst = TryRefuse();
            _gate.Close();
            if (isFirst)
            {
                LeavePool(RefusalReason.TooOld);
            }

            return false;
        }

        if (isSuspect)
        {
            _watch!.Hurry();
        }

        if (idleTicks > 0)
        {
            Guard.Events.ConnectionReused(this, idleTicks);
        }

        return true;
    }

    /// <summary>Notes bytes that came.</summary>
    public void Received(ReadOnlySpan<byte> bytes)
    {
        if (_suspected is not null)
        {
            // Whatever it is that came, it came from a peer that is there.
            _suspected = null;
        }

        (bool hasActivity, long? idleTicksAtGoAway, bool hasRefusal) = _received.Note(bytes);
        if (hasRefusal)
        {
            Guard.Shared.NoteRefusal(Guard.Time.GetTimestamp());
        }

        if (idleTicksAtGoAway is long idleTicks && _sent.Requests > 0 && !_closeReported)
        {
            // The read was pending, so this is when it came.
            _closeReported = true;
            Guard.Events.IdleConnectionClosed(Origin, new IdleClose(TimeSpan.FromTicks(idleTicks), IsExact: true));
        }
        else if (hasActivity && Volatile.Read(ref _idleBeforeLast) > 0 && Interlocked.Exchange(ref _idleBeforeLast, 0) is > 0 and long seenOpen)
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
        if (_end is RecordedEnd known)
        {
            return known.Exception;
        }

        // From here on nothing is written, so what has been written is all that there is to judge.
        _isEnding = true;
        _gate.Close();
        if (Transport is { IsAborted: true })
        {
            return Record(ConnectionEnd.Silence, long.MaxValue, GoneSilent());
        }

        if (_end is null && _idleness.IsIdle && _sent.Requests > 0 && !_closeReported && !IsLost)
        {
            _closeReported = true;
            var idleAge = TimeSpan.FromTicks(_idleness.TicksAt(Guard.Time.GetTimestamp()));
            Guard.Events.IdleConnectionClosed(Origin, EndFinding.IdleCloseAt(idleAge, Transport));
        }

        (ConnectionEnd how, long takenUntil) = await EndFinding.TakenUntilAsync(_sent.Writes, Transport, Guard.Time).ConfigureAwait(false);
        return Record(how, takenUntil, new SharedConnectionEndedException(HttpRequestError.ResponseEnded, EndFinding.Describe(how, Transport), this));
    }

    /// <summary>The connection failed: a reset, or whatever else. Nothing is proven of what had been written.</summary>
    public SharedConnectionEndedException Failed(Exception failure)
    {
        _gate.Close();
        bool isSilent = Transport is { IsAborted: true };

        // The error that a plain client gets: the runtime has no value for a reset.
        return Record(
            isSilent ? ConnectionEnd.Silence : ConnectionEnd.Reset,
            long.MaxValue,
            new SharedConnectionEndedException(isSilent ? HttpRequestError.ResponseEnded : HttpRequestError.Unknown, "The HTTP/2 connection was reset.", this, failure));
    }

    /// <summary>The runtime does not need it any more.</summary>
    public void LetGo()
    {
        if (_end is null)
        {
            Guard.Shared.NoteLetGo(Guard.Time.GetTimestamp());
        }
    }

    /// <inheritdoc/>
    public void StopSuspecting(WriteAfterPause write) => Interlocked.CompareExchange(ref _suspected, null, write);

    /// <inheritdoc/>
    public bool EndInSilence(WriteAfterPause write)
    {
        if (_end is not null || _isEnding || Guard.Shared.HasRequestsThatWouldSurface || !ReferenceEquals(Interlocked.CompareExchange(ref _suspected, null, write), write))
        {
            return false;
        }

        _gate.Close();
        SharedConnectionEndedException silence = GoneSilent();
        return ReferenceEquals(Record(ConnectionEnd.Silence, long.MaxValue, silence), silence);
    }

    public SharedVerdict Judge(long since)
    {
        HeadersWrite? write = _sent.Writes.FirstSince(since);
        RecordedEnd? end = _end;
        bool isReused = _received.AnsweredAt < since;
        long at = write?.Start ?? since;
        Delivery delivery = IsLost || end is null ? Delivery.Unknown : end.DeliveryOf(since, _sent.Writes.LastStart);

        // Not written at all: there was nothing wrong with the request or the connection when it was chosen. On one that never answered, that counts like any other try.
        ConnectionEnd how = end?.How ?? ConnectionEnd.None;
        how = delivery is Delivery.NotSent && isReused && how is not ConnectionEnd.Refused ? ConnectionEnd.ClosedBeforeUse : how;
        return new SharedVerdict(how, delivery, BindingAt(at, write?.IdleTicks ?? _idleness.TicksAt(at), MarkOf(write?.BytesBefore ?? 0), isReused, since, write?.RequestsBefore ?? _sent.Requests));
    }

    /// <inheritdoc/>
    public Binding? CarriedSince(long since)
    {
        bool isHeld = _gate.Hold();
        HeadersWrite? found = _sent.Writes.FirstSince(since);
        if (isHeld)
        {
            _gate.Release();
        }

        return found is HeadersWrite write ? BindingAt(write.Start, write.IdleTicks, MarkOf(write.BytesBefore), write.IsReused, since, write.RequestsBefore) : null;
    }

    /// <summary>Headers that leave alone change what servers do, so nobody waits for them here.</summary>
    public ValueTask WaitUntilTakenAsync(Exchange exchange, bool blocking, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public bool TryReport() => Interlocked.Exchange(ref _reported, 1) == 0;

    public void RetireIfIdleSince(long moment, RefusalReason reason)
    {
        if (!_gate.TryHold())
        {
            return;
        }

        bool isIdle = !IsLost && _sent.Requests > 0 && _idleness.IsIdle && !_sent.IsWithinFrame && _idleness.LastActivity <= moment && !Guard.Shared.HasBodiesUnderWay;
        if (!isIdle)
        {
            _gate.Release();
            return;
        }

        bool isFirst = TryRefuse();
        _gate.CloseHeld();
        if (isFirst)
        {
            LeavePool(reason);
        }
    }

    /// <summary>How long it has been idle: no stream open, and neither HEADERS nor DATA seen. Null while it is in use, or when that is not known.</summary>
    public TimeSpan? IdleFor() =>
        _end is not null || IsLost || _sent.Requests == 0 || !_idleness.IsIdle ? null : Guard.Time.GetElapsedTime(_idleness.LastActivity);

    /// <summary>Ends it for whoever reads or writes, while nobody writes. False when it had ended already. Before the gate is closed, so that who finds that closed finds the end.</summary>
    private bool TryRefuse()
    {
        var refused = new SharedConnectionEndedException(HttpRequestError.ConnectionError, "The HTTP/2 connection has been idle for too long to be used; nothing was sent.", this);
        return Interlocked.CompareExchange(ref _end, new RecordedEnd(ConnectionEnd.Refused, long.MaxValue, refused), null) is null;
    }

    private void LeavePool(RefusalReason reason)
    {
        if (reason is RefusalReason.TooOld && Transport is not { IsOver: true })
        {
            // No FIN has come until now, not even one that nobody had time to read; what ends the runtime's pending read is ours. Of a sibling of one that is dead that is not known.
            Guard.Events.SeenOpen(Origin, Guard.Time.GetElapsedTime(_idleness.LastActivity), answered: false);
        }

        Guard.Events.ConnectionRefused(this, reason);
        Transport?.StopReceiving();
    }

    private SharedConnectionEndedException GoneSilent() =>
        new(HttpRequestError.ResponseEnded, "The HTTP/2 connection has gone silent: nothing was acknowledged.", this);

    private SendMark MarkOf(long bytesBefore) => new(bytesBefore, Transport?.AcknowledgedAtConnect);

    private Binding BindingAt(long at, long idleTicks, SendMark mark, bool isReused, long since, int requestsBefore) => new()
    {
        Connection = this,
        IsReused = isReused,
        IdleAgeTicks = idleTicks,
        ConnectionAgeTicks = Guard.Time.GetElapsedTime(Trace.Created, at).Ticks,
        RequestsBefore = requestsBefore,
        IdleSince = since,
        BeganAt = at,
        Mark = mark,
    };

    /// <summary>The first record stands. The writer has been kept out before: what is judged does not change any more.</summary>
    private SharedConnectionEndedException Record(ConnectionEnd how, long takenUntil, SharedConnectionEndedException exception)
    {
        RecordedEnd? first = Interlocked.CompareExchange(ref _end, new RecordedEnd(how, takenUntil, exception), null);
        if (first is null)
        {
            Guard.Shared.NoteEnd(Guard.Time.GetTimestamp());
            if (_sent.IsLost)
            {
                // The runtime's own bytes: nothing is proven here, nor would it be on the next one.
                Guard.Contract.Break(RuntimeContractBreach.FramesUnreadable);
            }
        }

        return first?.Exception ?? exception;
    }
}
