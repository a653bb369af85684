using System.Diagnostics;

namespace StaleConnGuard.WireTests.Common;

/// <summary>Knows the longest time between two reads of it.</summary>
internal sealed class TimedStream(Stream inner) : Stream
{
    private long _last;

    public TimeSpan LongestPause { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        long now = Stopwatch.GetTimestamp();
        if (_last != 0 && Stopwatch.GetElapsedTime(_last, now) is TimeSpan pause && pause > LongestPause)
        {
            LongestPause = pause;
        }

        _last = now;
        return inner.Read(buffer, offset, count);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
