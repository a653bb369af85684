namespace StaleConnGuard.Diagnosis;

/// <summary>HTTP/1.1: one request at a time. What does not begin like a request belongs to the one before.</summary>
internal sealed class Http1Conversation : Conversation
{
    private RequestFacts? _current;
    private ResponseReader? _response;
    private long? _holeFrom;
    private bool _isHandedOver;

    public override string Protocol => "HTTP/1.1";

    public override IReadOnlyCollection<RequestFacts> Outstanding => _current is { IsAnswered: false } ? [_current] : [];

    public override bool IsHandedOver => _isHandedOver;

    public override bool OnClient(in Chunk chunk, long? idleSince)
    {
        if (_current is { IsAnswered: false, ResponseFrame: null, MayBeAnswered: false })
        {
            Extend(chunk);
            return true;
        }

        if (RequestLine.TryParse(chunk.Bytes, out string method, out string path))
        {
            _current = new RequestFacts
            {
                Frame = chunk.Frame,
                Time = chunk.Time,
                Start = _holeFrom ?? chunk.Offset,
                StartIsUncertain = _holeFrom is not null,
                AcknowledgedBySender = chunk.Acknowledged,
                Ordinal = ++Requests,
                IdleSince = idleSince,
                Method = method,
                Path = path,
                End = chunk.End,
                LastSent = chunk.Time,
            };
            _response = new ResponseReader(method);
            _holeFrom = null;
            return true;
        }

        Extend(chunk);
        return true;
    }

    public override bool OnServer(in Chunk chunk)
    {
        // Nobody asked, or the server had not got a byte of the request yet: a farewell, such as 408.
        if (_current is null || chunk.Acknowledged <= _current.Start || _current is { ResponseFrame: not null, IsResponseComplete: true })
        {
            return false;
        }

        _current.ResponseFrame ??= chunk.Frame;
        _response!.Read(chunk.Bytes, chunk.Length);
        _current.Status = _response.Status;
        _current.IsResponseComplete = _response.IsComplete;
        _isHandedOver = _response.IsSwitch;
        return true;
    }

    public override void OnClientHole(long from, long to) => _holeFrom ??= from;

    public override void OnServerHole()
    {
        _response?.Lose();
        if (_current is not null)
        {
            _current.MayBeAnswered = true;
        }
    }

    private void Extend(in Chunk chunk)
    {
        if (_current is not null)
        {
            _current.End = chunk.End;
            _current.LastSent = chunk.Time;
        }

        _holeFrom = null;
    }
}
