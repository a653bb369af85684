namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// Another response's body on its way into a request: reads from it lazily, runs a hook before each read, and says that it can seek when given
/// a length, though what has been read is gone.
/// </summary>
internal sealed class PipedStream(Stream source, int? length = null, Func<int, Task>? beforeRead = null) : Stream
{
    private int _reads;

    public override bool CanRead => true;

    public override bool CanSeek => length is not null;

    public override bool CanWrite => false;

    public override long Length => length ?? throw new NotSupportedException();

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        BeforeReadAsync().GetAwaiter().GetResult();
        return Advance(source.Read(buffer));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await BeforeReadAsync();
        return Advance(await source.ReadAsync(buffer, cancellationToken));
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private Task BeforeReadAsync() => beforeRead?.Invoke(_reads++) ?? Task.CompletedTask;

    private int Advance(int count)
    {
        Position += count;
        return count;
    }
}
