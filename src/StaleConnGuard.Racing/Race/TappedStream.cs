namespace StaleConnGuard.Racing;

/// <summary>One connection under a <see cref="WireTap"/>. Asynchronous use only, which is what the race does.</summary>
internal sealed class TappedStream(Stream inner, WireTap tap) : Stream
{
    private long _writtenSinceRead;
    private bool _wasAnswered;
    private bool _isLost;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            NoteEnd();
            throw;
        }

        if (read > 0)
        {
            NoteAnswer();
        }
        else if (!buffer.IsEmpty)
        {
            NoteEnd();
        }

        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _writtenSinceRead += buffer.Length;
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            NoteEnd();
            throw;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void NoteAnswer()
    {
        _writtenSinceRead = 0;
        _wasAnswered = true;
        tap.Read();
    }

    private void NoteEnd()
    {
        if (_writtenSinceRead > 0 && _wasAnswered && !_isLost)
        {
            _isLost = true;
            tap.Lose();
        }
    }
}
