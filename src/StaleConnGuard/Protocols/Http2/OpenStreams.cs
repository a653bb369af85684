namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// The streams that are open: those of which not both sides have ended, and which nobody has reset (RFC 9113 5.1). One writer tells what was sent and one reader what came, at the same time
/// and without a lock: each stream has a place by its number. Only one whose place is taken by another that has been open for long goes to a table with a lock.
/// </summary>
internal sealed class OpenStreams
{
    // As many as servers allow at once by default, and more.
    private const int Places = 128;
    private const int ClientEnded = 1;
    private const int ServerEnded = 2;
    private const int BothEnded = ClientEnded | ServerEnded;
    private const int IdShift = 2;

    // Stream number and the sides that have ended; 0 for a free place, which only the writer takes.
    private readonly long[] _places = new long[Places];
    private readonly Lock _lock = new();
    private Dictionary<int, int>? _others;
    private volatile int _othersCount;
    private int _lastId;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>A frame that we send. True when it opens a stream.</summary>
    public bool Sent(in FrameHeader frame)
    {
        if (frame.Type == FrameHeader.ResetStream)
        {
            End(frame.StreamId, BothEnded);
            return false;
        }

        if (frame.Type == FrameHeader.Headers && frame.StreamId > _lastId)
        {
            _lastId = frame.StreamId;
            OpenUp(frame.StreamId, frame.EndsStream ? ClientEnded : 0);
            return true;
        }

        if (frame.EndsStream)
        {
            End(frame.StreamId, ClientEnded);
        }

        return false;
    }

    /// <summary>A frame that came.</summary>
    public void Received(in FrameHeader frame)
    {
        if (frame.Type == FrameHeader.ResetStream)
        {
            End(frame.StreamId, BothEnded);
        }
        else if (frame.EndsStream)
        {
            End(frame.StreamId, ServerEnded);
        }
    }

    private static int PlaceOf(int id) => (id >> 1) & (Places - 1);

    private void OpenUp(int id, int sides)
    {
        // Before its place: whoever finds it ended counts it out.
        _ = Interlocked.Increment(ref _count);
        ref long place = ref _places[PlaceOf(id)];
        if (Volatile.Read(ref place) == 0)
        {
            Volatile.Write(ref place, ((long)id << IdShift) | (uint)sides);
            return;
        }

        lock (_lock)
        {
            _others ??= [];
            _others[id] = sides;
            _othersCount = _others.Count;
        }
    }

    private void End(int id, int sides)
    {
        ref long place = ref _places[PlaceOf(id)];
        long was = Volatile.Read(ref place);
        while (was >> IdShift == id)
        {
            long then = (was | (uint)sides) is long ended && (ended & BothEnded) == BothEnded ? 0 : ended;
            long seen = Interlocked.CompareExchange(ref place, then, was);
            if (seen == was)
            {
                CountOutIf(then == 0);
                return;
            }

            was = seen;
        }

        if (_othersCount > 0)
        {
            CountOutIf(EndOther(id, sides));
        }
    }

    private bool EndOther(int id, int sides)
    {
        lock (_lock)
        {
            if (!_others!.TryGetValue(id, out int ended))
            {
                return false;
            }

            ended |= sides;
            if (ended != BothEnded)
            {
                _others[id] = ended;
                return false;
            }

            _ = _others.Remove(id);
            _othersCount = _others.Count;
            return true;
        }
    }

    private void CountOutIf(bool isClosed)
    {
        if (isClosed)
        {
            _ = Interlocked.Decrement(ref _count);
        }
    }
}
