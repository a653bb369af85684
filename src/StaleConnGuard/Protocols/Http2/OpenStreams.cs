using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>The streams that are open: those of which not both sides have ended, and which nobody has reset (RFC 9113 5.1). Guarded by its connection's lock.</summary>
internal sealed class OpenStreams
{
    private readonly Dictionary<int, Sides> _streams = [];
    private int _lastId;

    [Flags]
    private enum Sides : byte
    {
        None = 0,
        ClientEnded = 1,
        ServerEnded = 2,
        BothEnded = ClientEnded | ServerEnded,
    }

    public int Count => _streams.Count;

    /// <summary>A frame that we send. True when it opens a stream.</summary>
    public bool Sent(in FrameHeader frame)
    {
        if (frame.Type == FrameHeader.ResetStream)
        {
            _streams.Remove(frame.StreamId);
            return false;
        }

        bool opens = frame.Type == FrameHeader.Headers && frame.StreamId > _lastId;
        if (opens)
        {
            _lastId = frame.StreamId;
            _streams[frame.StreamId] = Sides.None;
        }

        if (frame.EndsStream)
        {
            End(frame.StreamId, Sides.ClientEnded);
        }

        return opens;
    }

    /// <summary>A frame that came.</summary>
    public void Received(in FrameHeader frame)
    {
        if (frame.Type == FrameHeader.ResetStream)
        {
            _streams.Remove(frame.StreamId);
        }
        else if (frame.EndsStream)
        {
            End(frame.StreamId, Sides.ServerEnded);
        }
    }

    private void End(int id, Sides side)
    {
        ref Sides sides = ref CollectionsMarshal.GetValueRefOrNullRef(_streams, id);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref sides))
        {
            return;
        }

        sides |= side;
        if (sides == Sides.BothEnded)
        {
            _streams.Remove(id);
        }
    }
}
