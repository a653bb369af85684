namespace StaleConnGuard.Pipeline;

/// <summary>
/// Takes what a content writes: keeps the first bytes up to a limit, then holds the writer back until it is told where the rest goes. One
/// writer; the destination may come from another thread.
/// </summary>
internal sealed class OverflowStream(int limit) : Stream
{
    private readonly TaskCompletionSource _overflowed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Stream> _destination = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _kept = [];
    private int _count;

    /// <summary>Completed when the limit would be passed; the writer waits from then on.</summary>
    public Task Overflowed => _overflowed.Task;

    /// <summary>What was kept. To be read when the writer has ended or is held back.</summary>
    public ArraySegment<byte> Kept => new(_kept, 0, _count);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Lets the writer go on, into <paramref name="destination"/>.</summary>
    public void Release(Stream destination) => _destination.TrySetResult(destination);

    /// <summary>Nobody will ever take the rest: the writer fails.</summary>
    public void Abandon() => _destination.TrySetException(new ObjectDisposedException(nameof(HttpContent), "The request was disposed before its content was sent."));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_overflowed.Task.IsCompleted && buffer.Length <= limit - _count)
        {
            Keep(buffer.Span);
            return;
        }

        _overflowed.TrySetResult();
        Stream destination = await _destination.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await destination.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>For contents that write synchronously inside an asynchronous send; such a content blocks its own thread when held back, as it would on a slow network.</summary>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        // Before the overflow there is nothing to flush to.
        if (_overflowed.Task.IsCompleted)
        {
            Stream destination = await _destination.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        int needed = _count + bytes.Length;
        if (needed > _kept.Length)
        {
            // Grows with the content, not to the limit at once: most contents are far smaller than what is allowed.
            Array.Resize(ref _kept, (int)Math.Min(limit, Math.Max(needed, Math.Max(256L, _kept.Length * 2L))));
        }

        bytes.CopyTo(_kept.AsSpan(_count));
        _count = needed;
    }
}
