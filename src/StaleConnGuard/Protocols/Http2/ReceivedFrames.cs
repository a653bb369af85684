namespace StaleConnGuard.Protocols.Http2;

/// <summary>What one connection's reader has seen come. Told by the reader, one call at a time; what is public anybody may ask.</summary>
internal sealed class ReceivedFrames(Idleness idleness, TimeProvider time, ConnectionTrace trace)
{
    private FrameScanner _scanner = FrameScanner.OfServer();
    private long _answeredAt = long.MaxValue;
    private volatile bool _isLost;

    /// <summary>When the first HEADERS or DATA came; <see cref="long.MaxValue"/> before.</summary>
    public long AnsweredAt => Volatile.Read(ref _answeredAt);

    public bool IsLost => _isLost;

    /// <summary>
    /// Notes bytes that came: whether HEADERS or DATA are among them, a GOAWAY that came while the connection was idle, and whether one came, or RST_STREAM, of
    /// which requests can be that the server has not processed.
    /// </summary>
    public (bool HasActivity, long? IdleTicksAtGoAway, bool HasRefusal) Note(ReadOnlySpan<byte> bytes)
    {
        long now = 0;
        bool hasRefusal = false;
        long? idleTicksAtGoAway = null;
        while (_scanner.TryNext(ref bytes, out FrameHeader frame))
        {
            if (frame.IsActivity)
            {
                // Before its stream is counted out: who finds no stream open finds this, too.
                now = now == 0 ? time.GetTimestamp() : now;
                idleness.ActiveAt(now);
                if (_answeredAt == long.MaxValue)
                {
                    Volatile.Write(ref _answeredAt, now);
                }
            }
            else if (frame.Type == FrameHeader.GoAway && idleness.IsIdle)
            {
                idleTicksAtGoAway ??= idleness.TicksAt(time.GetTimestamp());
            }

            hasRefusal |= frame.Type is FrameHeader.GoAway or FrameHeader.ResetStream;
            idleness.Streams.Received(frame);
        }

        if (_scanner.IsLost)
        {
            _isLost = true;
            trace.LastHeaders = long.MaxValue;
        }

        return (now != 0, idleTicksAtGoAway, hasRefusal);
    }
}
