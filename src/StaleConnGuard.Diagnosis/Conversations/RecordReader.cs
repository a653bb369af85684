using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>Cuts one direction of a connection into TLS records (RFC 8446 5.1) without reading what is in them.</summary>
internal sealed class RecordReader
{
    private const int HeaderLength = 5;
    private const int LongestRecord = 16384 + 2048;

    private readonly byte[] _header = new byte[HeaderLength];
    private int _have;
    private long _headerAt;
    private long _left;
    private bool _isLost;

    /// <summary>Bytes were not captured: the next record is looked for where a packet begins.</summary>
    public void Lose()
    {
        _isLost = true;
        _have = 0;
        _left = 0;
    }

    /// <summary>Whether a record may begin so.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderLength && bytes[0] is >= 20 and <= 24 && bytes[1] == 3 && bytes[2] <= 4
        && BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]) is > 0 and <= LongestRecord;

    /// <summary>The records that begin in these bytes, added to <paramref name="records"/>.</summary>
    public void Read(in Chunk chunk, List<TlsRecord> records)
    {
        if (_isLost)
        {
            if (!IsHeader(chunk.Bytes))
            {
                return;
            }

            _isLost = false;
        }

        int at = 0;
        while (at < chunk.Length)
        {
            if (_left > 0)
            {
                int skipped = (int)Math.Min(_left, chunk.Length - at);
                _left -= skipped;
                at += skipped;
                continue;
            }

            if (at >= chunk.Bytes.Length)
            {
                Lose();
                return;
            }

            _headerAt = _have == 0 ? chunk.Offset + at : _headerAt;
            _header[_have++] = chunk.Bytes[at++];
            if (_have < HeaderLength)
            {
                continue;
            }

            _have = 0;
            if (!IsHeader(_header))
            {
                Lose();
                return;
            }

            _left = BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(3));
            records.Add(new TlsRecord((TlsRecordType)_header[0], (int)_left, _headerAt, at));
        }
    }
}

/// <summary>One record.</summary>
/// <param name="Type">What it says it holds.</param>
/// <param name="Length">The length of what it holds.</param>
/// <param name="Offset">Where its header lies in the stream.</param>
/// <param name="BodyAt">Where its body begins in the chunk that ended its header.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TlsRecord(TlsRecordType Type, int Length, long Offset, int BodyAt);

/// <summary>The types of records.</summary>
internal enum TlsRecordType
{
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
    Heartbeat = 24,
}
