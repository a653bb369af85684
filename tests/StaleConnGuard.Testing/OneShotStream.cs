namespace StaleConnGuard.Testing;

/// <summary>A stream that can be read once and not rewound, as a request body being proxied is.</summary>
public sealed class OneShotStream(byte[] bytes, int offset, int count) : Stream
{
    private readonly MemoryStream _bytes = new(bytes, offset, count);

    public OneShotStream(byte[] bytes)
        : this(bytes, 0, bytes.Length)
    {
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether anything has been read.</summary>
    public bool Touched { get; private set; }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Touched = true;
        return _bytes.Read(buffer, offset, count);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
