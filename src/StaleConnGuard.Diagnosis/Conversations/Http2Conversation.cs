namespace StaleConnGuard.Diagnosis;

/// <summary>HTTP/2 in clear text with prior knowledge: streams, their ends, and what the server says it will still process (GOAWAY).</summary>
internal sealed class Http2Conversation : Conversation
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte ResetStream = 3;
    private const byte GoAway = 7;
    private const byte EndStream = 1;
    private const int MostStreams = 4096;

    private readonly FrameReader _client = new(hasPreface: true);
    private readonly FrameReader _server = new(hasPreface: false);
    private readonly List<Http2Frame> _frames = [];
    private readonly Dictionary<int, RequestFacts> _open = [];
    private int? _lastStreamTaken;

    public override string Protocol => "HTTP/2 (h2c)";

    public override IReadOnlyCollection<RequestFacts> Outstanding => _open.Values;

    public override int? LastStreamTaken => _lastStreamTaken;

    public override bool OnClient(in Chunk chunk, long? idleSince)
    {
        _frames.Clear();
        _client.Read(chunk, _frames);
        bool isActive = false;
        foreach (Http2Frame frame in _frames)
        {
            isActive |= frame.Type is Data or Headers;
            if (frame.Type == Headers && frame.StreamId > 0 && !_open.ContainsKey(frame.StreamId) && _open.Count < MostStreams)
            {
                _open.Add(frame.StreamId, new RequestFacts
                {
                    Frame = chunk.Frame,
                    Time = chunk.Time,
                    Start = frame.Offset,
                    AcknowledgedBySender = chunk.Acknowledged,
                    Ordinal = ++Requests,
                    Ahead = _open.Count,
                    IdleSince = _open.Count > 0 ? null : idleSince,
                    StreamId = frame.StreamId,
                    End = chunk.End,
                    LastSent = chunk.Time,
                });
            }
            else if (frame.Type == ResetStream)
            {
                _ = _open.Remove(frame.StreamId);
            }
        }

        return isActive;
    }

    public override bool OnServer(in Chunk chunk)
    {
        _frames.Clear();
        _server.Read(chunk, _frames);
        bool isActive = false;
        foreach (Http2Frame frame in _frames)
        {
            isActive |= frame.Type is Data or Headers;
            switch (frame.Type)
            {
                case GoAway:
                    _lastStreamTaken = (int)Math.Min(_lastStreamTaken ?? int.MaxValue, frame.FirstNumber & 0x7FFF_FFFF);
                    break;
                case ResetStream:
                case Data or Headers when (frame.Flags & EndStream) != 0:
                    _ = _open.Remove(frame.StreamId);
                    break;
                case Headers when _open.TryGetValue(frame.StreamId, out RequestFacts? request):
                    request.ResponseFrame ??= chunk.Frame;
                    break;
            }
        }

        return isActive;
    }

    public override void OnClientHole(long from, long to)
    {
        _client.Lose();
        _open.Clear();
    }

    public override void OnServerHole()
    {
        _server.Lose();
        _open.Clear();
    }
}
