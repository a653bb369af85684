using System.Buffers.Binary;

namespace StaleConnGuard.Diagnosis;

/// <summary>An interface as a section of a pcapng file describes it. Immutable.</summary>
/// <param name="LinkType">How its frames begin.</param>
/// <param name="SnapLength">How much of a frame is kept at most; 0 for no limit.</param>
/// <param name="Resolution">The unit of its time stamps (<c>if_tsresol</c>): 10 to the minus so many seconds, or 2 with the highest bit set.</param>
/// <param name="OffsetSeconds">What is added to its time stamps (<c>if_tsoffset</c>).</param>
internal sealed record CaptureInterface(LinkType LinkType, uint SnapLength, byte Resolution, long OffsetSeconds)
{
    private const int EndOfOptions = 0;
    private const int TimeResolution = 9;
    private const int TimeOffset = 14;
    private const byte UsualResolution = 6;
    private const byte PowerOfTwo = 0x80;
    private const long NanosecondsPerSecond = 1_000_000_000;

    // Far enough from what a number holds, so that times can be added and subtracted.
    private const long LatestTime = 1L << 62;

    /// <param name="body">The body of an Interface Description Block.</param>
    /// <param name="isBigEndian">The byte order of the section.</param>
    public static CaptureInterface Parse(ReadOnlySpan<byte> body, bool isBigEndian)
    {
        byte resolution = UsualResolution;
        long offset = 0;
        int at = 8;
        while (at + 4 <= body.Length)
        {
            int code = Short(body[at..], isBigEndian);
            int length = Short(body[(at + 2)..], isBigEndian);
            at += 4;
            if (code == EndOfOptions || at + length > body.Length)
            {
                break;
            }

            if (code == TimeResolution && length >= 1)
            {
                resolution = body[at];
            }

            if (code == TimeOffset && length >= 8)
            {
                offset = isBigEndian ? BinaryPrimitives.ReadInt64BigEndian(body[at..]) : BinaryPrimitives.ReadInt64LittleEndian(body[at..]);
            }

            at += (length + 3) & ~3;
        }

        uint snapLength = isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(body[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        return new CaptureInterface((LinkType)Short(body, isBigEndian), snapLength, resolution, offset);
    }

    /// <summary>A time stamp in nanoseconds since 1970, between 1970 and 2116: what lies outside is damage.</summary>
    public long Nanoseconds(ulong timestamp)
    {
        UInt128 scaled = timestamp;
        if ((Resolution & PowerOfTwo) != 0)
        {
            scaled = scaled * NanosecondsPerSecond >> (Resolution & 0x7F);
        }
        else if (Resolution <= 9)
        {
            scaled *= PowerOfTen(9 - Resolution);
        }
        else
        {
            scaled /= PowerOfTen(Math.Min(Resolution - 9, 20));
        }

        Int128 time = (Int128)scaled + ((Int128)OffsetSeconds * NanosecondsPerSecond);
        return (long)Int128.Clamp(time, 0, LatestTime);
    }

    private static UInt128 PowerOfTen(int exponent)
    {
        UInt128 power = 1;
        for (int i = 0; i < exponent; i++)
        {
            power *= 10;
        }

        return power;
    }

    private static ushort Short(ReadOnlySpan<byte> from, bool isBigEndian) =>
        isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(from) : BinaryPrimitives.ReadUInt16LittleEndian(from);
}
