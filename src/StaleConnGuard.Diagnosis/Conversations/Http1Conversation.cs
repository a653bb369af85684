namespace StaleConnGuard.Diagnosis;

/// <summary>
/// HTTP/1.1: requests, and answers in the same order (RFC 9112 9.3). A client that does not wait for answers (pipelining) is followed as long as the bytes that tell
/// where a message ends were captured; what does not begin like a request belongs to the one before.
/// </summary>
internal sealed class Http1Conversation : Conversation
{
    private const int MostWaiting = 128;

    private readonly Queue<(RequestFacts Request, ResponseReader Response)> _waiting = new();
    private RequestFacts? _last;
    private RequestReader? _sending;
    private long? _holeFrom;
    private long _seenOfServer;
    private bool _isOrderLost;
    private bool _isHandedOver;

    public override string Protocol => "HTTP/1.1";

    public override IReadOnlyCollection<RequestFacts> Outstanding => _waiting.Count switch
    {
        0 => [],
        1 => _waiting.Peek().Request is { IsAnswered: false } only ? [only] : [],
        _ => [.. _waiting.Select(one => one.Request).Where(request => !request.IsAnswered)],
    };

    public override bool IsHandedOver => _isHandedOver;

    public override bool OnClient(in Chunk chunk, long? idleSince)
    {
        int at = 0;
        do
        {
            ReadOnlySpan<byte> bytes = chunk.Bytes[Math.Min(at, chunk.Bytes.Length)..];
            if (MayBegin(at) && _waiting.Count < MostWaiting)
            {
                if (RequestLine.TryParse(bytes, out string method, out string path))
                {
                    Begin(chunk, at, idleSince, method, path);
                }
                else if (bytes.IsEmpty && _sending is { IsDone: true })
                {
                    // Behind a whole request comes another, though nothing of it was captured.
                    Begin(chunk, at, idleSince, method: null, path: null);
                }
            }

            at += _sending is { IsDone: false } ? _sending.Read(bytes, chunk.Length - at) : chunk.Length - at;
            Extend(chunk, at);
        }
        while (at < chunk.Length);
        return true;
    }

    public override bool OnServer(in Chunk chunk)
    {
        _seenOfServer = Math.Max(_seenOfServer, chunk.End);
        int at = 0;
        while (at < chunk.Length)
        {
            // Nobody asked, or the server had not got a byte of the request yet: a farewell, such as 408.
            if (!_waiting.TryPeek(out (RequestFacts Request, ResponseReader Response) first) || chunk.Acknowledged <= first.Request.Start)
            {
                return at > 0;
            }

            first.Request.ResponseFrame ??= chunk.Frame;
            at += first.Response.Read(chunk.Bytes[Math.Min(at, chunk.Bytes.Length)..], chunk.Length - at);
            first.Request.Status = first.Response.Status;
            first.Request.IsResponseComplete = first.Response.IsComplete;
            if (first.Response.IsDone)
            {
                _isHandedOver = first.Response.IsSwitch;
                _ = _waiting.Dequeue();
            }
            else if (first.Response.IsLost)
            {
                LoseOrder();
            }

            if (_isHandedOver)
            {
                return true;
            }
        }

        return true;
    }

    public override void OnClientHole(long from, long to)
    {
        _holeFrom ??= from;
        _sending?.Lose();
    }

    public override void OnServerHole()
    {
        foreach ((RequestFacts request, ResponseReader response) in _waiting)
        {
            response.Lose();
            request.MayBeAnswered = true;
        }

        LoseOrder();
    }

    // Where the request before ends is not known: then the next one begins after the answer to it.
    private bool MayBegin(int at)
    {
        if (_last is null || _sending is null)
        {
            return true;
        }

        if (_sending.IsLost)
        {
            return at == 0 && _last is not { IsAnswered: false, ResponseFrame: null, MayBeAnswered: false };
        }

        return _sending.IsDone || (at == 0 && _sending.ExpectsContinue && (_last.IsAnswered || _last.MayBeAnswered));
    }

    private void Begin(in Chunk chunk, int at, long? idleSince, string? method, string? path)
    {
        if (chunk.Acknowledged > _seenOfServer)
        {
            // The client has got what was not captured: one direction only, for instance.
            foreach ((RequestFacts request, _) in _waiting)
            {
                request.MayBeAnswered = true;
            }

            _seenOfServer = chunk.Acknowledged;
        }

        while (_waiting.TryPeek(out (RequestFacts Request, ResponseReader Response) first) && (first.Request.IsAnswered || first.Request.MayBeAnswered))
        {
            _ = _waiting.Dequeue();
        }

        if (_waiting.Count == 1 && _waiting.Peek().Request.ResponseFrame is not null && _sending is { IsLost: true })
        {
            _waiting.Clear();
        }

        bool isAtHole = at == 0 && _holeFrom is not null;
        _last = new RequestFacts
        {
            Frame = chunk.Frame,
            Time = chunk.Time,
            Start = isAtHole ? _holeFrom!.Value : chunk.Offset + at,
            StartIsUncertain = isAtHole,
            AcknowledgedBySender = chunk.Acknowledged,
            Ordinal = ++Requests,
            Ahead = _waiting.Count,
            IdleSince = _waiting.Count > 0 ? null : idleSince,
            Method = method,
            Path = path,
            End = chunk.End,
            LastSent = chunk.Time,
            AnswerIsUncertain = _waiting.Count > 0 && (method is null || _isOrderLost),
        };
        _sending = new RequestReader(method ?? string.Empty);
        if (method is null)
        {
            _sending.Lose();
        }

        _waiting.Enqueue((_last, new ResponseReader(method)));
        _holeFrom = null;
    }

    private void Extend(in Chunk chunk, int at)
    {
        if (_last is not null)
        {
            _last.End = chunk.Offset + at;
            _last.LastSent = chunk.Time;
        }

        _holeFrom = null;
    }

    // Which answer belongs to which of those behind cannot be told any more.
    private void LoseOrder()
    {
        if (_waiting.Count < 2)
        {
            return;
        }

        _isOrderLost = true;
        foreach ((RequestFacts request, _) in _waiting.Skip(1))
        {
            request.AnswerIsUncertain = true;
        }
    }
}
