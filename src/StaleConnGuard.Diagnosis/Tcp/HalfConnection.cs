namespace StaleConnGuard.Diagnosis;

/// <summary>What one side sent: its bytes in order, what is missing of them, how it ended. Offsets count from the first byte of the stream, or of the capture.</summary>
internal sealed class HalfConnection
{
    // What comes out of order waits; a hole that stays was not captured.
    private const int MostPending = 16;
    private const int KeptBytes = 512;
    private const long LongestHole = 1_000_000_000;

    private uint _base;
    private List<PendingBytes>? _pending;
    private DuplicateFilter _duplicates;
    private long _holeUntil;

    /// <summary>Whether it is known where the stream stands.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Whether the stream is known from its first byte on.</summary>
    public bool FromTheBeginning { get; private set; }

    /// <summary>The next byte that is expected.</summary>
    public long Next { get; private set; }

    /// <summary>How much of the stream the other side has acknowledged, FIN included.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Where the last bytes that were never captured end; 0 when there are none, the largest number while a hole is open.</summary>
    public long HoleUntil => IsHoleOpen ? long.MaxValue : _holeUntil;

    /// <summary>Whether any packet of this side was captured.</summary>
    public bool IsSeen { get; private set; }

    public StreamEnd? Fin { get; private set; }

    public StreamEnd? Reset { get; private set; }

    /// <summary>The end that came first.</summary>
    public StreamEnd? End => Fin is null || Reset?.Frame < Fin.Frame ? Reset ?? Fin : Fin;

    // Bytes beyond the next one were captured, or acknowledged, or lie before a FIN or a reset. A FIN takes a number of its own.
    private bool IsHoleOpen =>
        _pending is { Count: > 0 } || Fin?.Offset > Next || Acknowledged > NextWithFin || Reset?.Offset > NextWithFin;

    private long NextWithFin => Next + (Fin is null ? 0 : 1);

    public bool IsCopy(in TcpSegment segment)
    {
        IsSeen = true;
        return _duplicates.IsCopy(segment);
    }

    /// <summary>The stream stands at this sequence number.</summary>
    public void StartAt(uint sequence, bool isBeginning)
    {
        if (!IsStarted)
        {
            _base = sequence;
            IsStarted = true;
            FromTheBeginning = isBeginning;
        }
    }

    /// <summary>Where a sequence number lies in the stream; numbers wrap around, so the place nearest to what is expected is meant.</summary>
    public long Unwrap(uint sequence) => Next + unchecked((int)(sequence - (uint)(_base + Next)));

    /// <summary>The sequence number of a place in the stream.</summary>
    public uint Wrap(long offset) => unchecked((uint)(_base + offset));

    public void AcknowledgedUpTo(long offset) => Acknowledged = Math.Max(Acknowledged, offset);

    public void EndWithFin(StreamEnd fin)
    {
        // One that was sent again may carry a later ACK number: the first counts.
        Fin ??= fin;
    }

    public void EndWithReset(StreamEnd reset) => Reset ??= reset;

    /// <summary>The bytes were expected and have been handed on.</summary>
    public void Advance(long end) => Next = Math.Max(Next, end);

    /// <summary>Bytes beyond a hole. True when the hole is not going to be filled any more.</summary>
    public bool Hold(in Chunk chunk)
    {
        _pending ??= [];
        _pending.Add(new PendingBytes(chunk.Offset, chunk.Length, chunk.Bytes[..Math.Min(KeptBytes, chunk.Bytes.Length)].ToArray(), chunk.Frame, chunk.Time, chunk.Acknowledged));
        return _pending.Count >= MostPending || chunk.Time - _pending[0].Time > LongestHole;
    }

    /// <summary>Held bytes that are due now, or null. <paramref name="isOver"/>: nothing fills a hole before <paramref name="until"/> any more.</summary>
    public PendingBytes? TakeHeld(bool isOver, long until = long.MaxValue)
    {
        if (_pending is not { Count: > 0 })
        {
            return null;
        }

        int first = 0;
        for (int i = 1; i < _pending.Count; i++)
        {
            if (_pending[i].Offset < _pending[first].Offset)
            {
                first = i;
            }
        }

        PendingBytes held = _pending[first];
        if (held.Offset > Next && (!isOver || held.Offset >= until))
        {
            return null;
        }

        _pending.RemoveAt(first);
        return held;
    }

    /// <summary>Gives a hole up.</summary>
    public void SkipHole(long to)
    {
        _holeUntil = to;
        Next = to;
    }

    /// <summary>Bytes that came before those in front of them.</summary>
    public sealed record PendingBytes(long Offset, int Length, byte[] Bytes, long Frame, long Time, long Acknowledged);
}
