using System.Buffers.Binary;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>Writes a capture packet by packet (classic pcap, Ethernet, IPv4), each byte as it is on the wire.</summary>
public sealed class CaptureScript
{
    /// <summary>TCP flags.</summary>
    public const byte Fin = 1, Syn = 2, Reset = 4, Push = 8, Ack = 16;

    private const int Ethernet = 14;
    private const int IPv4 = 20;
    private const int Tcp = 20;

    private readonly List<(long Time, byte[] Frame, int Original)> _frames = [];
    private ushort _identification = 1;

    /// <summary>Cuts what is captured of later frames.</summary>
    public int SnapLength { get; set; } = int.MaxValue;

    /// <summary>The frames, each with its time in microseconds.</summary>
    public IReadOnlyList<(long Time, byte[] Frame, int Original)> Frames => _frames;

    /// <summary>Adds a segment; the time in milliseconds.</summary>
    public CaptureScript Segment(double at, ushort from, ushort to, uint sequence, uint acknowledgment, byte flags, ReadOnlySpan<byte> payload = default)
    {
        byte[] frame = new byte[Ethernet + IPv4 + Tcp + payload.Length];
        frame[12] = 0x08;
        Span<byte> ip = frame.AsSpan(Ethernet);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(IPv4 + Tcp + payload.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], _identification++);
        ip[8] = 64;
        ip[9] = 6;
        Address(from).CopyTo(ip[12..]);
        Address(to).CopyTo(ip[16..]);
        Span<byte> tcp = ip[IPv4..];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, from);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], to);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledgment);
        tcp[12] = Tcp / 4 << 4;
        tcp[13] = flags;
        payload.CopyTo(tcp[Tcp..]);
        _frames.Add(((long)(at * 1000), frame.AsSpan(0, Math.Min(frame.Length, SnapLength)).ToArray(), frame.Length));
        return this;
    }

    /// <summary>Adds the last frame once more, as a second interface sees it.</summary>
    public CaptureScript Again()
    {
        _frames.Add((_frames[^1].Time + 20, _frames[^1].Frame, _frames[^1].Original));
        return this;
    }

    /// <summary>Leaves the last frame out, as a capture that could not follow.</summary>
    public CaptureScript Lose()
    {
        _frames.RemoveAt(_frames.Count - 1);
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray(bool isBigEndian = false, bool hasNanoseconds = false)
    {
        using var file = new MemoryStream();
        Number(hasNanoseconds ? 0xA1B23C4D : 0xA1B2C3D4);
        Number(isBigEndian ? 0x0002_0004u : 0x0004_0002u);
        Number(0);
        Number(0);
        Number(262144);
        Number(1);
        foreach ((long time, byte[] frame, int original) in _frames)
        {
            Number((uint)(1_000_000_000 + (time / 1_000_000)));
            Number((uint)(time % 1_000_000 * (hasNanoseconds ? 1000 : 1)));
            Number((uint)frame.Length);
            Number((uint)original);
            file.Write(frame);
        }

        return file.ToArray();

        void Number(uint number)
        {
            Span<byte> bytes = stackalloc byte[4];
            if (isBigEndian)
            {
                BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            }

            file.Write(bytes);
        }
    }

    /// <summary>The same frames as pcapng: one section, one interface with nanoseconds.</summary>
    public byte[] ToPcapNg()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        writer.Write([0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0, 0, 0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 28, 0, 0, 0]);
        writer.Write([1, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0]);
        foreach ((long time, byte[] frame, int original) in _frames)
        {
            int padded = (frame.Length + 3) & ~3;
            long nanoseconds = 1_000_000_000L * 1_000_000_000L + (time * 1000);
            writer.Write(6);
            writer.Write(32 + padded);
            writer.Write(0);
            writer.Write((uint)(nanoseconds >> 32));
            writer.Write((uint)nanoseconds);
            writer.Write(frame.Length);
            writer.Write(original);
            writer.Write(frame);
            writer.Write(new byte[padded - frame.Length]);
            writer.Write(32 + padded);
        }

        writer.Flush();
        return file.ToArray();
    }

    // The server is whoever has the lower port.
    private static byte[] Address(ushort port) => port < 10000 ? [10, 0, 0, 7] : [10, 0, 0, 1];
}
