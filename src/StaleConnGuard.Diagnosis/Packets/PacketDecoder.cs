using System.Buffers.Binary;
using PacketDotNet;
using PacketDotNet.Utils;

namespace StaleConnGuard.Diagnosis;

/// <summary>From a frame to its TCP segment. The layers are PacketDotNet's; what is damaged is never its matter, lengths are looked at before.</summary>
internal static class PacketDecoder
{
    private const int NullHeader = 4;
    private const int EthernetHeader = 14;
    private const int SllHeader = 16;
    private const int Sll2Header = 20;
    private const int VlanTag = 4;
    private const int MostVlanTags = 4;
    private const int IPv4Header = 20;
    private const int IPv6Header = 40;
    private const int TcpHeader = 20;
    private const int MoreFragments = 1;
    private const byte FragmentHeader = 44;

    public static DecodedAs Decode(CapturedFrame frame, out TcpSegment segment)
    {
        segment = default;
        try
        {
            DecodedAs link = FindNetworkLayer(frame, out int at, out int where);
            if (link is not DecodedAs.Tcp)
            {
                return link;
            }

            if (at >= frame.Length)
            {
                return DecodedAs.Truncated;
            }

            return (frame.Bytes[at] >> 4) switch
            {
                4 => DecodeIPv4(frame, at, where, out segment),
                6 => DecodeIPv6(frame, at, where, out segment),
                _ => DecodedAs.Other,
            };
        }
#pragma warning disable CA1031 // A decoder of foreign bytes must survive whatever its library makes of them.
        catch (Exception)
#pragma warning restore CA1031
        {
            segment = default;
            return DecodedAs.Malformed;
        }
    }

    /// <param name="frame">The frame.</param>
    /// <param name="at">Where the IP header begins.</param>
    /// <param name="where">Tells apart the places at which copies of one packet are captured.</param>
    private static DecodedAs FindNetworkLayer(CapturedFrame frame, out int at, out int where)
    {
        at = 0;
        where = frame.Interface;
        switch (frame.LinkType)
        {
            case LinkType.Raw or LinkType.RawLegacy or LinkType.RawOpenBsd or LinkType.IPv4 or LinkType.IPv6:
                return DecodedAs.Tcp;
            case LinkType.Null or LinkType.Loop:
                // The family is in the byte order of a machine we do not know; the IP header says the same.
                at = NullHeader;
                return DecodedAs.Tcp;
            case LinkType.Ethernet when frame.Length < EthernetHeader:
            case LinkType.LinuxSll when frame.Length < SllHeader:
            case LinkType.LinuxSll2 when frame.Length < Sll2Header:
                return DecodedAs.Truncated;
            case LinkType.Ethernet:
                at = EthernetHeader;
                return SkipTags(frame, new EthernetPacket(Bytes(frame, 0)).Type, ref at);
            case LinkType.LinuxSll:
                var sll = new LinuxSllPacket(Bytes(frame, 0));
                at = SllHeader;
                where = (int)sll.Type;
                return SkipTags(frame, sll.EthernetProtocolType, ref at);
            case LinkType.LinuxSll2:
                var sll2 = new LinuxSll2Packet(Bytes(frame, 0));
                at = Sll2Header;
                where = (sll2.InterfaceIndex << 3) | (int)sll2.Type;
                return SkipTags(frame, sll2.EthernetProtocolType, ref at);
            default:
                return DecodedAs.UnknownLinkType;
        }
    }

    private static DecodedAs SkipTags(CapturedFrame frame, EthernetType type, ref int at)
    {
        for (int i = 0; i < MostVlanTags && type is EthernetType.VLanTaggedFrame or EthernetType.ProviderBridging or EthernetType.QInQ; i++)
        {
            if (at + VlanTag > frame.Length)
            {
                return DecodedAs.Truncated;
            }

            type = new Ieee8021QPacket(Bytes(frame, at)).Type;
            at += VlanTag;
        }

        return type is EthernetType.IPv4 or EthernetType.IPv6 ? DecodedAs.Tcp : DecodedAs.Other;
    }

    private static DecodedAs DecodeIPv4(CapturedFrame frame, int at, int where, out TcpSegment segment)
    {
        segment = default;
        if (frame.Length - at < IPv4Header)
        {
            return DecodedAs.Truncated;
        }

        int headerLength = (frame.Bytes[at] & 0x0F) * 4;
        if (headerLength < IPv4Header)
        {
            return DecodedAs.Malformed;
        }

        var packet = new IPv4Packet(Bytes(frame, at));
        if (packet.Protocol is not ProtocolType.Tcp)
        {
            return DecodedAs.Other;
        }

        if (packet.FragmentOffset != 0 || (packet.FragmentFlags & MoreFragments) != 0)
        {
            return DecodedAs.Fragment;
        }

        // 0 where the network card was to cut the packet up: then it is as long as the frame.
        int total = BinaryPrimitives.ReadUInt16BigEndian(frame.Bytes.AsSpan(at + 2));
        int length = total == 0 ? frame.OriginalLength - at : total;
        return DecodeTcp(frame, new IPEndpoints(packet), at + headerLength, length - headerLength, packet.Id, where, out segment);
    }

    private static DecodedAs DecodeIPv6(CapturedFrame frame, int at, int where, out TcpSegment segment)
    {
        segment = default;
        if (frame.Length - at < IPv6Header)
        {
            return DecodedAs.Truncated;
        }

        int next = at + IPv6Header;
        byte protocol = frame.Bytes[at + 6];
        while (IsExtension(protocol))
        {
            if (next + 8 > frame.Length)
            {
                return DecodedAs.Truncated;
            }

            if (protocol == FragmentHeader)
            {
                return frame.Bytes[next] == (byte)ProtocolType.Tcp ? DecodedAs.Fragment : DecodedAs.Other;
            }

            protocol = frame.Bytes[next];
            next += (frame.Bytes[next + 1] + 1) * 8;
        }

        if (protocol != (byte)ProtocolType.Tcp)
        {
            return DecodedAs.Other;
        }

        var packet = new IPv6Packet(Bytes(frame, at));
        int payload = BinaryPrimitives.ReadUInt16BigEndian(frame.Bytes.AsSpan(at + 4));
        int length = payload == 0 ? frame.OriginalLength - at - IPv6Header : payload;
        return DecodeTcp(frame, new IPEndpoints(packet), next, length - (next - at - IPv6Header), 0, where, out segment);
    }

    private static DecodedAs DecodeTcp(CapturedFrame frame, IPEndpoints ends, int at, int length, ushort id, int where, out TcpSegment segment)
    {
        segment = default;
        if (at + TcpHeader > frame.Length)
        {
            return length < TcpHeader ? DecodedAs.Malformed : DecodedAs.Truncated;
        }

        int headerLength = (frame.Bytes[at + 12] >> 4) * 4;
        if (headerLength < TcpHeader || headerLength > length)
        {
            return DecodedAs.Malformed;
        }

        // Options may be cut off: nothing is asked of them but whether they differ.
        int available = Math.Min(frame.Length - at, length);
        var tcp = new TcpPacket(new ByteArraySegment(frame.Bytes, at, available));
        int header = Math.Min(headerLength, available);
        ReadOnlySpan<byte> payload = frame.Bytes.AsSpan(at + header, available - header);
        segment = new TcpSegment
        {
            Frame = frame.Number,
            Time = frame.Time,
            HasTime = frame.HasTime,
            Source = Endpoint.Of(ends.Source, tcp.SourcePort),
            Destination = Endpoint.Of(ends.Destination, tcp.DestinationPort),
            Sequence = tcp.SequenceNumber,
            Acknowledgment = tcp.AcknowledgmentNumber,
            Flags = (TcpFlags)(tcp.Flags & 0x1F),
            Length = length - headerLength,
            Payload = payload,
            Fingerprint = Fingerprint(frame.Bytes.AsSpan(at, header), id, length),
            IsNumbered = id != 0 || headerLength > TcpHeader,
            CapturedAt = where,
        };
        return DecodedAs.Tcp;
    }

    private static bool IsExtension(byte protocol) => protocol is 0 or 43 or FragmentHeader or 60 or 135;

    private static ByteArraySegment Bytes(CapturedFrame frame, int at) => new(frame.Bytes, at, frame.Length - at);

    // FNV-1a over the TCP header but its checksum, which some cards fill in after one of the copies was captured.
    private static ulong Fingerprint(ReadOnlySpan<byte> header, ushort id, int length)
    {
        ulong hash = 14695981039346656037UL ^ id ^ ((ulong)length << 16);
        for (int i = 0; i < header.Length; i++)
        {
            hash = i is 16 or 17 ? hash : (hash ^ header[i]) * 1099511628211UL;
        }

        return hash;
    }

    private readonly ref struct IPEndpoints(IPPacket packet)
    {
        public System.Net.IPAddress Source { get; } = packet.SourceAddress;

        public System.Net.IPAddress Destination { get; } = packet.DestinationAddress;
    }
}
