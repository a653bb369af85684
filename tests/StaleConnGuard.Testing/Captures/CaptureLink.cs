using System.Buffers.Binary;

namespace StaleConnGuard.Testing;

/// <summary>What an IP packet of a capture lies under.</summary>
public enum CaptureLink
{
    /// <summary>Ethernet.</summary>
    Ethernet,

    /// <summary>Ethernet with a VLAN tag.</summary>
    Vlan,

    /// <summary>BSD loopback.</summary>
    Null,

    /// <summary>OpenBSD loopback.</summary>
    Loop,

    /// <summary>Nothing.</summary>
    Raw,

    /// <summary>Linux cooked, as <c>-i any</c> had it.</summary>
    Sll,

    /// <summary>Linux cooked, as <c>-i any</c> has it.</summary>
    Sll2,

    /// <summary>Ethernet, and IPv6 with hop-by-hop and destination options in place of IPv4.</summary>
    IPv6,
}

/// <summary>Puts what was written under Ethernet and IPv4 under something else.</summary>
public static class CaptureLinks
{
    private const int Ethernet = 14;
    private const int IPv4 = 20;

    /// <summary>How capture files number it.</summary>
    public static int Number(this CaptureLink link) => link switch
    {
        CaptureLink.Null => 0,
        CaptureLink.Loop => 108,
        CaptureLink.Raw => 101,
        CaptureLink.Sll => 113,
        CaptureLink.Sll2 => 276,
        _ => 1,
    };

    /// <summary>The frame under that link.</summary>
    public static byte[] Wrap(this CaptureLink link, byte[] frame)
    {
        byte[] ip = frame[Ethernet..];
        return link switch
        {
            CaptureLink.Vlan => [.. new byte[12], 0x81, 0x00, 0, 5, 0x08, 0x00, .. ip],
            CaptureLink.Null => [2, 0, 0, 0, .. ip],
            CaptureLink.Loop => [0, 0, 0, 2, .. ip],
            CaptureLink.Raw => ip,
            CaptureLink.Sll => [0, 4, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, .. ip],
            CaptureLink.Sll2 => [0x08, 0x00, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 0, 0, 0, 0, 0, 0, 0, 0, .. ip],
            CaptureLink.IPv6 => [.. new byte[12], 0x86, 0xDD, .. ToIPv6(ip)],
            _ => frame,
        };
    }

    private static byte[] ToIPv6(byte[] ip)
    {
        ReadOnlySpan<byte> options = [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0];
        byte[] head = [0x60, 0, 0, 0, 0, 0, 0, 64, .. Address(ip.AsSpan(12, 4)), .. Address(ip.AsSpan(16, 4))];
        int payload = BinaryPrimitives.ReadUInt16BigEndian(ip.AsSpan(2)) - IPv4;
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(4), (ushort)(options.Length + payload));
        return [.. head, .. options, .. ip.AsSpan(IPv4)];
    }

    private static byte[] Address(ReadOnlySpan<byte> of) => [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, .. of];
}
