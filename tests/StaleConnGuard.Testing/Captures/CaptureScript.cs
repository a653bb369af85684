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

    /// <summary>Adds a frame as it is; the time in microseconds.</summary>
    public CaptureScript Add(long time, byte[] frame)
    {
        _frames.Add((time, frame, frame.Length));
        return this;
    }

    /// <summary>Leaves the last frame out, as a capture that could not follow.</summary>
    public CaptureScript Lose()
    {
        _frames.RemoveAt(_frames.Count - 1);
        return this;
    }

    /// <summary>The file: classic pcap, in either byte order, with micro- or nanoseconds, under any header of a link; without some of the frames.</summary>
    public byte[] ToArray(bool isBigEndian = false, bool hasNanoseconds = false, CaptureLink link = CaptureLink.Ethernet, params int[] missing)
    {
        using var file = new MemoryStream();
        var numbers = new NumberWriter(file, isBigEndian);
        numbers.Write(hasNanoseconds ? 0xA1B23C4D : 0xA1B2C3D4);
        numbers.WriteShorts(2, 4);
        numbers.Write(0, 0, 262144, (uint)link.Number());
        foreach ((long time, byte[] frame, int original) in _frames.Where((_, i) => !missing.Contains(i)))
        {
            byte[] wrapped = link.Wrap(frame);
            numbers.Write(
                (uint)(1_000_000_000 + (time / 1_000_000)),
                (uint)(time % 1_000_000 * (hasNanoseconds ? 1000 : 1)),
                (uint)wrapped.Length,
                (uint)(original + wrapped.Length - frame.Length));
            file.Write(wrapped);
        }

        return file.ToArray();
    }

    /// <summary>The same frames as one section of pcapng.</summary>
    /// <param name="isBigEndian">The byte order.</param>
    /// <param name="resolution">The unit of time stamps, as <c>if_tsresol</c> says it; null for none, which means microseconds.</param>
    /// <param name="isSimple">Whether frames are Simple Packet Blocks, without a time.</param>
    /// <param name="link">The header of the link.</param>
    public byte[] ToPcapNg(bool isBigEndian = false, byte? resolution = 9, bool isSimple = false, CaptureLink link = CaptureLink.Ethernet)
    {
        using var file = new MemoryStream();
        var numbers = new NumberWriter(file, isBigEndian);
        numbers.Write(0x0A0D0D0A, 28, 0x1A2B3C4D);
        numbers.WriteShorts(1, 0);
        numbers.Write(uint.MaxValue, uint.MaxValue, 28);
        uint options = resolution is null ? 0u : 12;
        numbers.Write(1, 20 + options);
        numbers.WriteShorts((ushort)link.Number(), 0);
        numbers.Write(0u);
        if (resolution is { } unit)
        {
            numbers.WriteShorts(9, 1);
            file.Write([unit, 0, 0, 0, 0, 0, 0, 0]);
        }

        numbers.Write(20 + options);
        foreach ((long time, byte[] frame, int original) in _frames)
        {
            byte[] wrapped = link.Wrap(frame);
            WriteBlock(file, numbers, wrapped, (uint)(original + wrapped.Length - frame.Length), isSimple ? null : Ticks(time, resolution ?? 6));
        }

        return file.ToArray();
    }

    private static void WriteBlock(MemoryStream file, NumberWriter numbers, byte[] frame, uint original, ulong? ticks)
    {
        int padded = (frame.Length + 3) & ~3;
        uint length = (uint)padded + (ticks is null ? 16u : 32);
        if (ticks is { } time)
        {
            numbers.Write(6, length, 0, (uint)(time >> 32), (uint)time, (uint)frame.Length, original);
        }
        else
        {
            numbers.Write(3, length, original);
        }

        file.Write(frame);
        file.Write(new byte[padded - frame.Length]);
        numbers.Write(length);
    }

    // Powers of ten up to nanoseconds, or powers of two.
    private static ulong Ticks(long microseconds, byte resolution)
    {
        UInt128 nanoseconds = (UInt128)((1_000_000_000UL * 1_000_000_000UL) + ((ulong)microseconds * 1000));
        return (resolution & 0x80) != 0
            ? (ulong)((nanoseconds << (resolution & 0x7F)) / 1_000_000_000)
            : (ulong)(nanoseconds / (UInt128)Math.Pow(10, 9 - resolution));
    }

    // The server is whoever has the lower port.
    private static byte[] Address(ushort port) => port < 10000 ? [10, 0, 0, 7] : [10, 0, 0, 1];
}
