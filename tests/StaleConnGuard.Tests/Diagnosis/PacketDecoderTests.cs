using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

/// <summary>One segment under every kind of header that is read.</summary>
public class PacketDecoderTests
{
    private const int Ethernet = 14;
    private const int IPv4 = 20;

    private static readonly byte[] s_ip = [.. new CaptureScript().Segment(0, 40000, 9000, 7, 8, CaptureScript.Ack, "hello"u8).Frames[0].Frame.AsSpan(Ethernet)];

    public static TheoryData<string, int, byte[]> Frames => new()
    {
        { "Ethernet", 1, [.. new byte[12], 0x08, 0x00, .. s_ip] },
        { "VLAN", 1, [.. new byte[12], 0x81, 0x00, 0, 5, 0x08, 0x00, .. s_ip] },
        { "QinQ", 1, [.. new byte[12], 0x88, 0xA8, 0, 5, 0x81, 0x00, 0, 6, 0x08, 0x00, .. s_ip] },
        { "Null", 0, [2, 0, 0, 0, .. s_ip] },
        { "Null of the other byte order", 0, [0, 0, 0, 2, .. s_ip] },
        { "Loop", 108, [0, 0, 0, 2, .. s_ip] },
        { "Raw", 101, s_ip },
        { "Raw, old number", 12, s_ip },
        { "IPv4", 228, s_ip },
        { "SLL", 113, [0, 4, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, .. s_ip] },
        { "SLL2", 276, [0x08, 0x00, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0, .. s_ip] },
        { "IPv6", 229, IPv6(6, []) },
        { "IPv6, hop-by-hop and destination options", 229, IPv6(0, [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0]) },
        { "padded Ethernet", 1, [.. new byte[12], 0x08, 0x00, .. s_ip, 0, 0, 0, 0, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public void Segment_is_found_below(string name, int linkType, byte[] bytes)
    {
        DecodedAs decoded = PacketDecoder.Decode(Frame(linkType, bytes), out TcpSegment segment);

        decoded.ShouldBe(DecodedAs.Tcp, name);
        segment.Source.Port.ShouldBe((ushort)40000);
        segment.Destination.Port.ShouldBe((ushort)9000);
        segment.Sequence.ShouldBe(7u);
        segment.Acknowledgment.ShouldBe(8u);
        segment.Length.ShouldBe(5);
        segment.Payload.ToArray().ShouldBe("hello"u8.ToArray());
    }

    [Fact]
    public void Fragments_are_said_to_be_unknown()
    {
        byte[] first = [.. s_ip];
        first[6] = 0x20;
        byte[] second = [.. s_ip];
        second[7] = 1;

        PacketDecoder.Decode(Frame(101, first), out _).ShouldBe(DecodedAs.Fragment);
        PacketDecoder.Decode(Frame(101, second), out _).ShouldBe(DecodedAs.Fragment);
        PacketDecoder.Decode(Frame(229, IPv6(44, [6, 0, 0, 1, 0, 0, 0, 1])), out _).ShouldBe(DecodedAs.Fragment);
    }

    [Fact]
    public void Length_is_that_of_the_wire_when_the_frame_is_truncated()
    {
        PacketDecoder.Decode(Frame(101, s_ip[..42]), out TcpSegment segment).ShouldBe(DecodedAs.Tcp);

        segment.Length.ShouldBe(5);
        segment.Payload.Length.ShouldBe(2);
        PacketDecoder.Decode(Frame(101, s_ip[..30]), out _).ShouldBe(DecodedAs.Truncated);
    }

    [Fact]
    public void Packet_that_a_network_card_was_to_cut_up_is_as_long_as_its_frame()
    {
        byte[] offloaded = [.. s_ip];
        offloaded[2] = offloaded[3] = 0;

        PacketDecoder.Decode(Frame(101, offloaded), out TcpSegment segment).ShouldBe(DecodedAs.Tcp);

        segment.Length.ShouldBe(5);
    }

    private static CapturedFrame Frame(int linkType, byte[] bytes)
    {
        var frame = new CapturedFrame { Number = 1, LinkType = (LinkType)linkType, OriginalLength = bytes.Length };
        bytes.CopyTo(frame.Resize(bytes.Length));
        return frame;
    }

    private static byte[] IPv6(byte next, byte[] extensions)
    {
        byte[] tcp = s_ip[IPv4..];
        byte length = (byte)(extensions.Length + tcp.Length);
        return [0x60, 0, 0, 0, 0, length, next, 64, .. new byte[15], 1, .. new byte[15], 2, .. extensions, .. tcp];
    }
}
