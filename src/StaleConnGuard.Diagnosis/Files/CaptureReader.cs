using System.Buffers.Binary;
using System.IO.Compression;

namespace StaleConnGuard.Diagnosis;

/// <summary>Reads the frames of a capture one after the other, forwards only and in bounded memory. Not thread-safe.</summary>
internal abstract class CaptureReader
{
    /// <summary>No interface delivers more in one frame; a longer one is damage.</summary>
    protected const int LongestFrame = 1024 * 1024;

    private const ushort Gzip = 0x8B1F;

    private long _frames;

    /// <summary>Why reading ended before its time; null when the capture ended in good order, so far.</summary>
    public string? Warning { get; protected set; }

    /// <summary>How many bytes of the (unpacked) capture have been read.</summary>
    public abstract long Position { get; }

    /// <summary>Finds out what it is: pcap, pcapng, or one of them in gzip.</summary>
    /// <exception cref="NotACaptureException">It is something else.</exception>
    public static CaptureReader Open(Stream stream)
    {
        var source = new ByteSource(stream);
        ReadOnlySpan<byte> start = source.Peek(2);
        if (start.Length == 2 && BinaryPrimitives.ReadUInt16LittleEndian(start) == Gzip)
        {
            source = new ByteSource(new GZipStream(new RestOfSource(source), CompressionMode.Decompress));
        }

        start = source.Peek(4);
        if (start.Length < 4)
        {
            throw new NotACaptureException(source.Damage is { } damage ? $"damaged: {damage}" : start.Length == 0 ? "empty" : "too short for a capture");
        }

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(start);
        return PcapReader.TryOpen(magic, source) as CaptureReader
            ?? (magic == PcapNgReader.SectionHeader
                ? new PcapNgReader(source)
                : throw new NotACaptureException($"not a capture: it begins with {Convert.ToHexStringLower(start)}; accepted are pcap and pcapng, also in gzip"));
    }

    /// <summary>The next frame; false at the end, or where nothing more can be read (<see cref="Warning"/>).</summary>
    public bool TryRead(CapturedFrame frame)
    {
        if (Warning is not null || !TryReadFrame(frame))
        {
            return false;
        }

        frame.Number = ++_frames;
        return true;
    }

    protected abstract bool TryReadFrame(CapturedFrame frame);

    /// <summary>Nothing more can be read.</summary>
    protected bool Stop(string why, string? damage = null)
    {
        Warning = damage is null ? $"after frame {_frames}: {why}" : $"after frame {_frames}: {why} ({damage})";
        return false;
    }

    /// <summary>What a source has not given yet, as a stream.</summary>
    private sealed class RestOfSource(ByteSource source) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => source.Position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        // What is there, at once: a live capture is not to wait for a full buffer.
        public override int Read(Span<byte> buffer)
        {
            int there = source.Peek(1).Length;
            return there == 0 ? 0 : source.TakeWhatIsThere(buffer);
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
