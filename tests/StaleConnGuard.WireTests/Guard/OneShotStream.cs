namespace StaleConnGuard.WireTests.Guard;

/// <summary>A stream that can be read once and not rewound, as a request body being proxied is.</summary>
internal sealed class OneShotStream(byte[] bytes) : Stream
{
    private readonly MemoryStream _bytes = new(bytes);

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
