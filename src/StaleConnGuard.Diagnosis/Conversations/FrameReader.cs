using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>Cuts one direction of a clear-text HTTP/2 connection into frames (RFC 9113 4.1).</summary>
internal sealed class FrameReader(bool hasPreface)
{
    private const int HeaderLength = 9;
    private const int PrefaceLength = 24;
    private const int KeptPayload = 8;

    private readonly byte[] _header = new byte[HeaderLength + KeptPayload];
    private int _have;
    private long _headerAt;
    private long _left = hasPreface ? PrefaceLength : 0;

    /// <summary>Frames cannot be found again once bytes are missing.</summary>
    public bool IsLost { get; private set; }

    public void Lose() => IsLost = true;

    /// <summary>The frames whose header, and the first bytes after it, end in these bytes.</summary>
    public void Read(in Chunk chunk, List<Http2Frame> frames)
    {
        int at = 0;
        while (at < chunk.Length && !IsLost)
        {
            if (_left > 0 && _have == 0)
            {
                int skipped = (int)Math.Min(_left, chunk.Length - at);
                _left -= skipped;
                at += skipped;
                continue;
            }

            if (at >= chunk.Bytes.Length)
            {
                IsLost = true;
                return;
            }

            _headerAt = _have == 0 ? chunk.Offset + at : _headerAt;
            _header[_have++] = chunk.Bytes[at++];
            if (_have < HeaderLength)
            {
                continue;
            }

            int length = (_header[0] << 16) | (_header[1] << 8) | _header[2];
            int wanted = Math.Min(length, KeptPayload);
            if (_have < HeaderLength + wanted)
            {
                continue;
            }

            _have = 0;
            _left = length - wanted;
            frames.Add(new Http2Frame(
                _header[3],
                _header[4],
                (int)(BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(5)) & 0x7FFF_FFFF),
                wanted >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(HeaderLength)) : 0,
                _headerAt));
        }
    }
}

/// <summary>One frame.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="StreamId">Its stream; 0 for the connection.</param>
/// <param name="FirstNumber">The first four bytes of what it carries: GOAWAY's last stream, the code of RST_STREAM.</param>
/// <param name="Offset">Where it begins in its direction's stream.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Http2Frame(byte Type, byte Flags, int StreamId, uint FirstNumber, long Offset);
