using System.Buffers.Binary;
using System.Diagnostics;
using System.Threading.Channels;

namespace StaleConnGuard.Lab;

/// <summary>
/// Writes what passes a link into a pcapng file, as a capture at the client would show it: what leaves when it enters the link, what arrives when it leaves the link.
/// The link's thread hands packets over and never waits for the disk.
/// </summary>
internal sealed class LinkCapture : IDisposable
{
    private const int RawIP = 101;
    private const uint SectionHeader = 0x0A0D0D0A;
    private const uint InterfaceDescription = 1;
    private const uint EnhancedPacket = 6;
    private const int PacketFields = 32;

    private readonly Channel<(long Time, byte[] Packet)> _packets = Channel.CreateUnbounded<(long, byte[])>(new UnboundedChannelOptions { SingleReader = true });
    private readonly BinaryWriter _file;
    private readonly Task _writing;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _startedAt = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    public LinkCapture(string path)
    {
        _file = new BinaryWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 256 * 1024));
        WriteHeader();
        _writing = Task.Run(WriteAsync);
    }

    public void Add(ReadOnlySpan<byte> packet) =>
        _ = _packets.Writer.TryWrite((_startedAt + (long)(Stopwatch.GetElapsedTime(_started).TotalMicroseconds * 1000), packet.ToArray()));

    public void Dispose()
    {
        _ = _packets.Writer.TryComplete();
        _writing.GetAwaiter().GetResult();
        _file.Dispose();
    }

    private async Task WriteAsync()
    {
        await foreach ((long time, byte[] packet) in _packets.Reader.ReadAllAsync())
        {
            int padded = (packet.Length + 3) & ~3;
            _file.Write(EnhancedPacket);
            _file.Write(PacketFields + padded);
            _file.Write(0);
            _file.Write((uint)((ulong)time >> 32));
            _file.Write((uint)time);
            _file.Write(packet.Length);
            _file.Write(packet.Length);
            _file.Write(packet);
            _file.Write(new byte[padded - packet.Length]);
            _file.Write(PacketFields + padded);
        }
    }

    // A section in this machine's order of bytes, and one interface with nanoseconds.
    private void WriteHeader()
    {
        Debug.Assert(BitConverter.IsLittleEndian, "BinaryWriter writes little endian, and so says the section.");
        _file.Write(SectionHeader);
        _file.Write(28);
        _file.Write(0x1A2B3C4D);
        _file.Write((ushort)1);
        _file.Write((ushort)0);
        _file.Write(-1L);
        _file.Write(28);

        Span<byte> resolution = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(resolution, 9);
        BinaryPrimitives.WriteUInt16LittleEndian(resolution[2..], 1);
        resolution[4] = 9;
        _file.Write(InterfaceDescription);
        _file.Write(32);
        _file.Write((ushort)RawIP);
        _file.Write((ushort)0);
        _file.Write(0);
        _file.Write(resolution);
        _file.Write(0);
        _file.Write(32);
    }
}
