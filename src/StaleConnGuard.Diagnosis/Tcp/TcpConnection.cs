namespace StaleConnGuard.Diagnosis;

/// <summary>One connection: both halves, what is said on it, and what is kept for its verdict.</summary>
internal sealed class TcpConnection(FlowKey key)
{
    private readonly HalfConnection[] _halves = [new(), new()];
    private readonly RecentPackets _packets = new();
    private readonly HandshakeTimes _handshake = new();
    private Conversation? _conversation;
    private int _client = -1;
    private int _syns;
    private bool _isEstablished;
    private bool _hasServerData;
    private long? _lastActivity;
    private long _lastServerFrame;
    private uint _firstSequence;
    private int _requestsBefore;
    private bool _hasTimes = true;
    private bool _isWorthALook;
    private List<(int Ordinal, Verdict Verdict)>? _told;

    public FlowKey Key { get; } = key;

    public HandshakeTimes Handshake => _handshake;

    /// <summary>Whether it is over, and waits only for stragglers.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The last packet of all.</summary>
    public long LastFrame { get; private set; }

    public long LastTime { get; private set; }

    /// <summary>The numbers with which the two sides began; null while the answer to the SYN has not been captured.</summary>
    public (uint Server, uint Client)? InitialNumbers { get; private set; }

    /// <summary>The same connection, seen under other addresses before or behind a translation (NAT).</summary>
    public bool IsTwin { get; set; }

    public int Requests => _requestsBefore + (_conversation?.Requests ?? 0);

    public string Protocol => _conversation?.Protocol ?? "not read";

    public bool HasDirection => _client >= 0;

    public Endpoint Client => _client == 1 ? Key.Second : Key.First;

    public Endpoint Server => _client == 1 ? Key.First : Key.Second;

    public IReadOnlyCollection<RequestFacts> Outstanding => _conversation?.Outstanding ?? [];

    private HalfConnection FromServer => _halves[1 - Math.Max(_client, 0)];

    private HalfConnection FromClient => _halves[Math.Max(_client, 0)];

    /// <summary>Whether a SYN begins another connection of the same two ends.</summary>
    public bool IsSucceededBy(in TcpSegment segment) =>
        segment.Has(TcpFlags.Syn) && !segment.Has(TcpFlags.Ack) && (IsOver || _isEstablished || (_syns > 0 && segment.Sequence != _firstSequence));

    /// <param name="segment">The next segment of the connection.</param>
    /// <param name="serverPort">A port that is known to be a server's; null for none.</param>
    /// <returns>False when it is a copy of one that was seen.</returns>
    public bool Add(in TcpSegment segment, int? serverPort)
    {
        int side = segment.Source == Key.First ? 0 : 1;
        HalfConnection half = _halves[side];
        HalfConnection other = _halves[1 - side];
        if (half.IsCopy(segment))
        {
            return false;
        }

        LastFrame = segment.Frame;
        LastTime = Math.Max(LastTime, segment.Time);
        _hasTimes &= segment.HasTime;
        FindDirection(segment, side, serverPort);
        OnHandshake(segment, side);
        half.StartAt(segment.Has(TcpFlags.Syn) ? segment.Sequence + 1 : segment.Sequence, segment.Has(TcpFlags.Syn));
        if (segment.Has(TcpFlags.Ack))
        {
            other.StartAt(segment.Acknowledgment, isBeginning: segment.Has(TcpFlags.Syn));
        }

        if (side != _client)
        {
            _lastServerFrame = segment.Frame;
        }

        long offset = half.Unwrap(segment.Sequence) + (segment.Has(TcpFlags.Syn) ? 1 : 0);
        long acknowledged = segment.Has(TcpFlags.Ack) ? other.Unwrap(segment.Acknowledgment) : 0;
        bool isRepeated = segment.Length > 0 && offset + segment.Length <= half.Next;
        _packets.Add(new PacketMark(segment.Frame, segment.Time, side == _client, segment.Flags, offset, segment.Length, acknowledged, isRepeated));
        if (segment.Has(TcpFlags.Ack) && (segment.Length > 0 || segment.Has(TcpFlags.Fin)))
        {
            GiveUpWhatWasTaken(other, 1 - side, acknowledged);
        }

        if (segment.Has(TcpFlags.Reset))
        {
            half.EndWithReset(new StreamEnd(segment.Frame, segment.Time, offset, segment.Has(TcpFlags.Ack) ? acknowledged : null));
            if (segment.Has(TcpFlags.Ack))
            {
                Acknowledge(other, acknowledged, segment.Frame, side);
            }

            IsOver = true;
            return true;
        }

        if (segment.Has(TcpFlags.Ack))
        {
            Acknowledge(other, acknowledged, segment.Frame, side);
        }

        if (segment.Length > 0 && !segment.Has(TcpFlags.Syn))
        {
            OnBytes(half, side, segment, offset, acknowledged);
        }

        if (segment.Has(TcpFlags.Fin))
        {
            half.EndWithFin(new StreamEnd(segment.Frame, segment.Time, offset + segment.Length, segment.Has(TcpFlags.Ack) ? acknowledged : null));
            IsOver |= other.Fin is not null;
            _isWorthALook = true;
        }

        return true;
    }

    /// <summary>No more packets: what waited for others is read as it is.</summary>
    public void Finish()
    {
        for (int side = 0; side < _halves.Length; side++)
        {
            Drain(_halves[side], side, isOver: true);
        }
    }

    /// <summary>Whether something has happened since it was last asked that may have decided what becomes of a request, though the connection is not over.</summary>
    public bool IsWorthALook()
    {
        bool isWorthALook = _isWorthALook && !IsOver;
        _isWorthALook = false;
        return isWorthALook;
    }

    /// <summary>False when this verdict on this request (0 for the connection) has been told.</summary>
    public bool TryTell(int ordinal, Verdict verdict)
    {
        if (_told?.Contains((ordinal, verdict)) is true)
        {
            return false;
        }

        (_told ??= []).Add((ordinal, verdict));
        return true;
    }

    public ConnectionFacts ToFacts() => new()
    {
        HasDirection = HasDirection,
        IsRead = _conversation is not null,
        HasBothDirections = _halves[0].IsSeen && _halves[1].IsSeen,
        ServerFin = FromServer.Fin,
        ServerReset = FromServer.Reset,
        ClientEnd = FromClient.End,
        IsClientReset = FromClient.Reset is { } reset && ReferenceEquals(FromClient.End, reset),
        ServerHoleUntil = FromServer.HoleUntil,
        HasClientHole = FromClient.HoleUntil > 0,
        AcknowledgedByServer = FromClient.Acknowledged,
        HasServerData = _hasServerData,
        FromTheBeginning = _syns > 0,
        IsEstablished = _isEstablished || _syns == 0,
        Syns = _syns,
        LastServerFrame = _lastServerFrame,
        HasTimes = _hasTimes,
        LastActivity = _hasTimes ? _lastActivity : null,
        LastStreamTaken = _conversation?.LastStreamTaken,
    };

    public IReadOnlyList<PacketMark> RecentPackets() => _packets.ToList();

    private void FindDirection(in TcpSegment segment, int side, int? serverPort)
    {
        if (segment.Has(TcpFlags.Syn))
        {
            _client = segment.Has(TcpFlags.Ack) ? 1 - side : side;
            return;
        }

        if (_client >= 0)
        {
            return;
        }

        if (serverPort is { } port && (Key.First.Port == port) != (Key.Second.Port == port))
        {
            _client = Key.First.Port == port ? 1 : 0;
            return;
        }

        if (segment.Length > 0 && ProtocolSniffer.IsFromClient(segment.Payload) is { } isFromClient)
        {
            _client = isFromClient ? side : 1 - side;
        }
    }

    private void OnHandshake(in TcpSegment segment, int side)
    {
        if (segment.Has(TcpFlags.Syn) && segment.Has(TcpFlags.Ack))
        {
            _isEstablished = true;
            InitialNumbers = (segment.Sequence, segment.Acknowledgment);
            _handshake.OnSynAck(segment.Time, segment.HasTime);
            return;
        }

        if (segment.Has(TcpFlags.Syn))
        {
            _firstSequence = segment.Sequence;
            _syns++;
            _handshake.OnSyn(segment.Time);
            return;
        }

        if (segment.Has(TcpFlags.Reset))
        {
            return;
        }

        // Whatever follows a SYN but a reset was said on a connection, though the answer to the SYN was not captured.
        _isEstablished = true;
        if (side == _client)
        {
            _handshake.OnClientAck(segment.Time);
        }
    }

    private void Acknowledge(HalfConnection acknowledgedHalf, long offset, long frame, int byside)
    {
        acknowledgedHalf.AcknowledgedUpTo(offset);
        if (byside == _client)
        {
            return;
        }

        foreach (RequestFacts request in Outstanding)
        {
            if (request.AcknowledgedIn is null && offset > request.Start)
            {
                request.AcknowledgedIn = frame;
            }
        }
    }

    private void OnBytes(HalfConnection half, int side, in TcpSegment segment, long offset, long acknowledged)
    {
        long end = offset + segment.Length;
        if (end <= half.Next)
        {
            OnRepeated(side, offset, end, segment.Time);
            return;
        }

        int known = (int)Math.Clamp(half.Next - offset, 0, segment.Length);
        if (known > 0)
        {
            OnRepeated(side, offset, half.Next, segment.Time);
        }

        var chunk = new Chunk
        {
            Offset = offset + known,
            Length = segment.Length - known,
            Bytes = segment.Payload[Math.Min(known, segment.Payload.Length)..],
            Frame = segment.Frame,
            Time = segment.Time,
            Acknowledged = acknowledged,
        };
        if (chunk.Offset == half.Next)
        {
            half.Advance(chunk.End);
            Deliver(chunk, side);
            Drain(half, side, isOver: false);
        }
        else if (half.Hold(chunk))
        {
            Drain(half, side, isOver: true);
        }
    }

    // The other side has got it and goes on: what was not captured of it is not going to be.
    private void GiveUpWhatWasTaken(HalfConnection half, int side, long acknowledged)
    {
        long until = Math.Min(acknowledged, half.Fin?.Offset ?? acknowledged);
        if (until <= half.Next || !half.IsSeen)
        {
            return;
        }

        Drain(half, side, isOver: true, until);
        if (half.Next < until)
        {
            OnHole(side, half.Next, until);
            half.SkipHole(until);
        }
    }

    private void Drain(HalfConnection half, int side, bool isOver, long until = long.MaxValue)
    {
        while (half.TakeHeld(isOver, until) is { } held)
        {
            if (held.Offset > half.Next)
            {
                OnHole(side, half.Next, held.Offset);
                half.SkipHole(held.Offset);
            }

            int known = (int)Math.Clamp(half.Next - held.Offset, 0, held.Length);
            if (known == held.Length)
            {
                OnRepeated(side, held.Offset, held.Offset + held.Length, held.Time);
                continue;
            }

            var chunk = new Chunk
            {
                Offset = held.Offset + known,
                Length = held.Length - known,
                Bytes = held.Bytes.AsSpan(Math.Min(known, held.Bytes.Length)),
                Frame = held.Frame,
                Time = held.Time,
                Acknowledged = held.Acknowledged,
            };
            half.Advance(chunk.End);
            Deliver(chunk, side);
        }
    }

    private void Deliver(in Chunk chunk, int side)
    {
        bool isFromClient = side == _client;
        _hasServerData |= !isFromClient;
        if (_client < 0)
        {
            return;
        }

        if (_conversation is null || _conversation.IsHandedOver)
        {
            if (ProtocolSniffer.Recognise(chunk.Bytes, isFromClient) is { } recognised)
            {
                _requestsBefore += _conversation?.Requests ?? 0;
                _conversation = recognised;
            }
            else if (_conversation is { IsHandedOver: true })
            {
                _requestsBefore += _conversation.Requests;
                _conversation = null;
            }
        }

        bool isActive = _conversation is null || (isFromClient ? _conversation.OnClient(chunk, _hasTimes ? _lastActivity : null) : _conversation.OnServer(chunk));
        if (isActive)
        {
            _lastActivity = chunk.Time;
        }
    }

    private void OnHole(int side, long from, long to)
    {
        if (side == _client)
        {
            _conversation?.OnClientHole(from, to);
        }
        else
        {
            _conversation?.OnServerHole();
        }
    }

    private void OnRepeated(int side, long from, long to, long time)
    {
        if (side != _client)
        {
            return;
        }

        foreach (RequestFacts request in Outstanding)
        {
            if (request.Start >= from && request.Start < to)
            {
                request.Transmissions++;
                request.LastSent = time;
                _isWorthALook |= request.Transmissions == RequestVerdict.TransmissionsOfSilence;
            }
        }
    }
}
