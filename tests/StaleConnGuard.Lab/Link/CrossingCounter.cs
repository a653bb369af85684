using System.Buffers.Binary;

namespace StaleConnGuard.Lab;

/// <summary>
/// Counts the connections on which bytes of the client reached the server's end after the server had ended the connection: requests that crossed with the FIN. It reads the packets of one
/// link, whose two addresses are always the same, so a pair of ports is a connection. Written by the link's thread, read by any.
/// </summary>
internal sealed class CrossingCounter
{
    private const int Fin = 0x01;
    private const int Syn = 0x02;
    private const int Reset = 0x04;
    private const int Tcp = 6;

    private readonly HashSet<uint> _ended = [];
    private readonly HashSet<uint> _crossed = [];
    private int _count;
    private int _resets;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Connections that the server ended with a reset and no FIN before it: with a request in its kernel, unread, which nobody can tell from one that was executed.</summary>
    public int Resets => Volatile.Read(ref _resets);

    /// <summary>A packet enters the link at the server's end.</summary>
    public void FromServer(ReadOnlySpan<byte> packet)
    {
        if (TryRead(packet, out uint ports, out int flags, out _) && (flags & (Fin | Reset)) != 0)
        {
            // Client first, whoever sends.
            if (_ended.Add((ports << 16) | (ports >> 16)) && (flags & Reset) != 0)
            {
                _ = Interlocked.Increment(ref _resets);
            }
        }
    }

    /// <summary>A packet leaves the link at the server's end.</summary>
    public void ToServer(ReadOnlySpan<byte> packet)
    {
        if (!TryRead(packet, out uint ports, out int flags, out int payload))
        {
            return;
        }

        if ((flags & Syn) != 0)
        {
            _ = _ended.Remove(ports);
            _ = _crossed.Remove(ports);
        }
        else if (payload > 0 && _ended.Contains(ports) && _crossed.Add(ports))
        {
            _ = Interlocked.Increment(ref _count);
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> packet, out uint ports, out int flags, out int payload)
    {
        ports = 0;
        flags = 0;
        payload = 0;
        int header = packet.Length > 0 ? (packet[0] & 0x0F) * 4 : 0;
        if (packet.Length < header + 20 || header < 20 || packet[0] >> 4 != 4 || packet[9] != Tcp)
        {
            return false;
        }

        ReadOnlySpan<byte> segment = packet[header..];
        ports = BinaryPrimitives.ReadUInt32BigEndian(segment);
        flags = segment[13];
        payload = segment.Length - ((segment[12] >> 4) * 4);
        return true;
    }
}
