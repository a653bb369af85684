using System.Buffers.Binary;

namespace StaleConnGuard.Diagnosis;

/// <summary>The classic format of tcpdump: a header, then frames; in either byte order, with microseconds or nanoseconds.</summary>
internal sealed class PcapReader : CaptureReader
{
    private const uint Microseconds = 0xA1B2C3D4;
    private const uint Nanoseconds = 0xA1B23C4D;
    private const int FileHeaderLength = 24;
    private const int FrameHeaderLength = 16;

    private readonly ByteSource _source;
    private readonly bool _isBigEndian;
    private readonly long _fraction;
    private readonly LinkType _linkType;
    private readonly byte[] _header = new byte[FileHeaderLength];

    private PcapReader(ByteSource source, bool isBigEndian, bool hasNanoseconds)
    {
        _source = source;
        _isBigEndian = isBigEndian;
        _fraction = hasNanoseconds ? 1 : 1000;
        if (source.Take(_header) < FileHeaderLength)
        {
            throw new NotACaptureException("too short for a capture: the file header is cut");
        }

        // The upper bits tell of frame check sequences.
        _linkType = (LinkType)(Number(20) & 0x0FFF_FFFF);
    }

    public override long Position => _source.Position;

    /// <summary>Null when the first four bytes, read in little endian, are not those of this format.</summary>
    public static PcapReader? TryOpen(uint magic, ByteSource source) => (magic, BinaryPrimitives.ReverseEndianness(magic)) switch
    {
        (Microseconds, _) => new PcapReader(source, isBigEndian: false, hasNanoseconds: false),
        (Nanoseconds, _) => new PcapReader(source, isBigEndian: false, hasNanoseconds: true),
        (_, Microseconds) => new PcapReader(source, isBigEndian: true, hasNanoseconds: false),
        (_, Nanoseconds) => new PcapReader(source, isBigEndian: true, hasNanoseconds: true),
        _ => null,
    };

    protected override bool TryReadFrame(CapturedFrame frame)
    {
        int read = _source.Take(_header.AsSpan(0, FrameHeaderLength));
        if (read == 0 && _source.Damage is null)
        {
            return false;
        }

        if (read < FrameHeaderLength)
        {
            return Stop("the capture is cut", _source.Damage);
        }

        uint captured = Number(8);
        if (captured > LongestFrame)
        {
            return Stop($"damaged: a frame of {captured} bytes");
        }

        if (_source.Take(frame.Resize((int)captured)) < captured)
        {
            return Stop("the capture is cut", _source.Damage);
        }

        frame.HasTime = true;
        frame.Time = (Number(0) * 1_000_000_000L) + (Number(4) * _fraction);
        frame.LinkType = _linkType;
        frame.Interface = 0;
        frame.OriginalLength = (int)Math.Min(Math.Max(Number(12), captured), int.MaxValue);
        return true;
    }

    private uint Number(int offset) => _isBigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(offset))
        : BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(offset));
}
