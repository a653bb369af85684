namespace StaleConnGuard.Protocols.Http2;

/// <summary>What one connection's writer has sent. Told by the writer, one call at a time; read by others when the <see cref="WriteGate"/> keeps the writer out.</summary>
internal sealed class SentFrames(Idleness idleness, ReceivedFrames received, TimeProvider time, ConnectionTrace trace)
{
    private FrameScanner _scanner = FrameScanner.OfClient();
    private int _requests;

    /// <summary>The last writes with the headers of requests.</summary>
    public HeadersWrites Writes { get; } = new();

    /// <summary>Requests that were written. Anybody may ask.</summary>
    public int Requests => Volatile.Read(ref _requests);

    public bool IsLost => _scanner.IsLost;

    /// <summary>A frame is under way: its header or its payload is not complete.</summary>
    public bool IsWithinFrame => _scanner.IsWithinFrame;

    /// <summary>Notes bytes that are about to be written.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="bytesBefore">How many have been written before.</param>
    /// <param name="maxIdleTicks">Idle for longer, a connection that has carried a request is given no other one.</param>
    public Noted Note(ReadOnlySpan<byte> bytes, long bytesBefore, long maxIdleTicks)
    {
        long now = 0;
        long idleTicks = 0;
        int opened = 0;
        while (_scanner.TryNext(ref bytes, out FrameHeader frame))
        {
            if (frame.IsActivity && now == 0)
            {
                now = time.GetTimestamp();
                idleTicks = idleness.TicksAt(now);
                if (idleTicks > maxIdleTicks && _requests > 0)
                {
                    return Noted.TooOld;
                }

                idleness.ActiveAt(now);
            }

            opened += idleness.Streams.Sent(frame) ? 1 : 0;
        }

        if (_scanner.IsLost)
        {
            trace.LastHeaders = long.MaxValue;
        }
        else if (opened > 0)
        {
            trace.LastHeaders = now;
        }

        if (opened > 0)
        {
            Writes.Add(new HeadersWrite(now, bytesBefore, idleTicks, _requests, received.AnsweredAt != long.MaxValue));
            Volatile.Write(ref _requests, _requests + opened);
        }

        return opened > 0 ? Noted.Headers : Noted.NoHeaders;
    }

    /// <summary>What was found in some bytes.</summary>
    internal enum Noted
    {
        /// <summary>No request begins in them.</summary>
        NoHeaders,

        /// <summary>The headers of a request are among them.</summary>
        Headers,

        /// <summary>They would be the first after the connection has been idle for too long. Nothing is noted, and nothing may be written any more.</summary>
        TooOld,
    }
}
