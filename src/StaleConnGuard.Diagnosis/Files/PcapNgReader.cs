using System.Buffers.Binary;

namespace StaleConnGuard.Diagnosis;

/// <summary>
/// The format of Wireshark (draft-ietf-opsawg-pcapng): blocks, in sections, each with its own byte order and interfaces. Reads section headers,
/// interfaces and the three kinds of packet blocks; skips what else there is.
/// </summary>
internal sealed class PcapNgReader(ByteSource source) : CaptureReader
{
    public const uint SectionHeader = 0x0A0D0D0A;

    private const uint ByteOrder = 0x1A2B3C4D;
    private const uint InterfaceDescription = 1;
    private const uint ObsoletePacket = 2;
    private const uint SimplePacket = 3;
    private const uint EnhancedPacket = 6;
    private const int Frame = 12;
    private const int MostInterfaces = 10_000;
    private const int LongestDescription = 64 * 1024;
    private const int PacketFields = 20;

    private readonly List<CaptureInterface> _interfaces = [];
    private readonly byte[] _header = new byte[8];
    private readonly byte[] _fields = new byte[PacketFields];
    private bool _isBigEndian;

    public override long Position => source.Position;

    protected override bool TryReadFrame(CapturedFrame frame)
    {
        while (true)
        {
            int read = source.Take(_header);
            if (read == 0 && source.Damage is null)
            {
                return false;
            }

            if (read < _header.Length)
            {
                return Stop("the capture is cut", source.Damage);
            }

            uint type = Number(_header);
            if (type == SectionHeader)
            {
                if (!TryBeginSection())
                {
                    return false;
                }

                continue;
            }

            uint length = Number(_header.AsSpan(4));
            if (length < Frame || length % 4 != 0)
            {
                return Stop($"damaged: a block of {length} bytes");
            }

            long body = length - Frame;
            bool? taken = type switch
            {
                InterfaceDescription => TryAddInterface(body) ? null : false,
                EnhancedPacket or ObsoletePacket => TryReadPacket(frame, body, type == ObsoletePacket),
                SimplePacket => TryReadSimplePacket(frame, body),
                _ => source.Skip(body + 4) ? null : Stop("the capture is cut", source.Damage),
            };
            if (taken is { } result)
            {
                return result;
            }
        }
    }

    private bool TryBeginSection()
    {
        Span<byte> order = _fields.AsSpan(0, 4);
        if (source.Take(order) < order.Length)
        {
            return Stop("the capture is cut", source.Damage);
        }

        uint mark = BinaryPrimitives.ReadUInt32LittleEndian(order);
        if (mark != ByteOrder && BinaryPrimitives.ReverseEndianness(mark) != ByteOrder)
        {
            return Stop("damaged: a section without a byte order");
        }

        _isBigEndian = mark != ByteOrder;
        uint length = Number(_header.AsSpan(4));
        if (length < Frame + 16 || length % 4 != 0)
        {
            return Stop($"damaged: a section header of {length} bytes");
        }

        _interfaces.Clear();
        return source.Skip(length - Frame) || Stop("the capture is cut", source.Damage);
    }

    private bool TryAddInterface(long body)
    {
        if (body is < 8 or > LongestDescription || _interfaces.Count == MostInterfaces)
        {
            return Stop("damaged: an interface that describes nothing");
        }

        byte[] description = new byte[body];
        if (source.Take(description) < body || !source.Skip(4))
        {
            return Stop("the capture is cut", source.Damage);
        }

        _interfaces.Add(CaptureInterface.Parse(description, _isBigEndian));
        return true;
    }

    private bool TryReadPacket(CapturedFrame frame, long body, bool isObsolete)
    {
        if (body < PacketFields)
        {
            return Stop("damaged: a packet without its fields");
        }

        if (source.Take(_fields) < PacketFields)
        {
            return Stop("the capture is cut", source.Damage);
        }

        uint number = isObsolete ? Short(_fields) : Number(_fields);
        if (number >= _interfaces.Count)
        {
            return Stop($"damaged: a packet of interface {number}, which is not described");
        }

        CaptureInterface from = _interfaces[(int)number];
        frame.HasTime = true;
        frame.Time = from.Nanoseconds(((ulong)Number(_fields.AsSpan(4)) << 32) | Number(_fields.AsSpan(8)));
        frame.LinkType = from.LinkType;
        frame.Interface = (int)number;
        return TryReadBytes(frame, Number(_fields.AsSpan(12)), Number(_fields.AsSpan(16)), body - PacketFields);
    }

    // No time stamp and no interface: it is that of the first one.
    private bool TryReadSimplePacket(CapturedFrame frame, long body)
    {
        if (body < 4 || _interfaces.Count == 0)
        {
            return Stop("damaged: a packet of no interface");
        }

        if (source.Take(_fields.AsSpan(0, 4)) < 4)
        {
            return Stop("the capture is cut", source.Damage);
        }

        uint original = Number(_fields);
        uint snapLength = _interfaces[0].SnapLength == 0 ? uint.MaxValue : _interfaces[0].SnapLength;
        uint captured = (uint)Math.Min(Math.Min(original, snapLength), body - 4);
        frame.HasTime = false;
        frame.Time = 0;
        frame.LinkType = _interfaces[0].LinkType;
        frame.Interface = 0;
        return TryReadBytes(frame, captured, original, body - 4);
    }

    private bool TryReadBytes(CapturedFrame frame, uint captured, uint original, long there)
    {
        if (captured > there || captured > LongestFrame)
        {
            return Stop($"damaged: a frame of {captured} bytes");
        }

        if (source.Take(frame.Resize((int)captured)) < captured || !source.Skip(there - captured + 4))
        {
            return Stop("the capture is cut", source.Damage);
        }

        frame.OriginalLength = (int)Math.Min(Math.Max(original, captured), int.MaxValue);
        return true;
    }

    private uint Number(ReadOnlySpan<byte> from) => _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(from) : BinaryPrimitives.ReadUInt32LittleEndian(from);

    private ushort Short(ReadOnlySpan<byte> from) => _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(from) : BinaryPrimitives.ReadUInt16LittleEndian(from);
}
