namespace StaleConnGuard.Diagnosis;

/// <summary>
/// TLS, at the level of records: what the client sends after the server has spoken is a request. Contents stay what they are, unreadable; only the
/// lengths tell goodbyes, the end of a handshake and frames of HTTP/2 that are no request.
/// </summary>
internal sealed class TlsConversation : Conversation
{
    /// <summary>What <see cref="Protocol"/> begins with.</summary>
    public const string Name = "TLS";

    /// <summary>What it is called when several streams may be open at once, which nobody can tell apart.</summary>
    public const string WithHttp2 = $"{Name}, HTTP/2 offered";

    // Two bytes and a type under the 16 bytes of a tag (TLS 1.3): an alert, and nothing else that HTTP would send.
    private const int HiddenAlert = 19;

    // The client's Finished of TLS 1.3: a header, a hash of 32 or 48 bytes, a type, a tag.
    private const int ShortFinished = 4 + 32 + 17;
    private const int LongFinished = 4 + 48 + 17;

    // "HTTP/1.1 100 Continue" and two line ends: TLS 1.3, and 1.2 with and without an explicit nonce.
    private const int Continue13 = 25 + 17;
    private const int Continue12 = 25 + 24;
    private const int ContinueChaCha = 25 + 16;

    // SETTINGS acknowledged, WINDOW_UPDATE, PING: a frame header and up to 8 bytes, under up to 24 of overhead.
    private const int LargestControlFrame = 9 + 8 + 24;

    private readonly RecordReader _client = new();
    private readonly RecordReader _server = new();
    private readonly List<TlsRecord> _records = [];
    private RequestFacts? _current;
    private bool? _offersHttp2;
    private bool _hasClientData;
    private bool _isContinued;
    private long? _holeFrom;

    public override string Protocol => _offersHttp2 switch
    {
        true => WithHttp2,
        false => $"{Name}, HTTP/1.1",
        null => Name,
    };

    public override IReadOnlyCollection<RequestFacts> Outstanding => _current is { ResponseFrame: null } ? [_current] : [];

    public override bool OnClient(in Chunk chunk, long? idleSince)
    {
        _records.Clear();
        _client.Read(chunk, _records);
        bool isActive = _records.Count == 0;
        foreach (TlsRecord record in _records)
        {
            isActive |= OnClientRecord(record, chunk, idleSince);
        }

        if (isActive && _current is { ResponseFrame: null })
        {
            _current.End = chunk.End;
            _current.LastSent = chunk.Time;
        }

        _holeFrom = null;
        return isActive;
    }

    public override bool OnServer(in Chunk chunk)
    {
        _records.Clear();
        _server.Read(chunk, _records);
        bool isActive = _records.Count == 0;
        foreach (TlsRecord record in _records)
        {
            if (IsAlert(record))
            {
                continue;
            }

            isActive = true;
            if (record.Type is TlsRecordType.ApplicationData && _current is { ResponseFrame: null } && chunk.Acknowledged > _current.Start)
            {
                if (record.Length is Continue13 or Continue12 or ContinueChaCha && !_isContinued)
                {
                    _isContinued = true;
                    continue;
                }

                _current.ResponseFrame = chunk.Frame;
                _current.IsResponseComplete = null;
            }
        }

        return isActive;
    }

    public override void OnClientHole(long from, long to)
    {
        _client.Lose();
        _holeFrom ??= from;
    }

    public override void OnServerHole()
    {
        _server.Lose();
        if (_current is not null)
        {
            _current.MayBeAnswered = true;
        }
    }

    private static bool IsAlert(in TlsRecord record) =>
        record.Type is TlsRecordType.Alert || (record.Type is TlsRecordType.ApplicationData && record.Length == HiddenAlert);

    private bool OnClientRecord(in TlsRecord record, in Chunk chunk, long? idleSince)
    {
        if (IsAlert(record))
        {
            return false;
        }

        if (record.Type is TlsRecordType.Handshake && _offersHttp2 is null && record.BodyAt < chunk.Bytes.Length)
        {
            _offersHttp2 = ClientHello.OffersHttp2(chunk.Bytes[record.BodyAt..]);
        }

        if (record.Type is not TlsRecordType.ApplicationData)
        {
            return true;
        }

        bool isFinished = !_hasClientData && record.Length is ShortFinished or LongFinished;
        _hasClientData = true;
        if (isFinished || (_offersHttp2 is not false && record.Length <= LargestControlFrame) || _current is { ResponseFrame: null, MayBeAnswered: false })
        {
            return true;
        }

        _isContinued = false;
        _current = new RequestFacts
        {
            Frame = chunk.Frame,
            Time = chunk.Time,
            Start = _holeFrom ?? record.Offset,
            StartIsUncertain = _holeFrom is not null,
            AcknowledgedBySender = chunk.Acknowledged,
            Ordinal = ++Requests,
            IdleSince = idleSince,
            End = chunk.End,
            LastSent = chunk.Time,
        };
        return true;
    }
}
