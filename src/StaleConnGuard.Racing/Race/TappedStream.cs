namespace StaleConnGuard.Racing;

/// <summary>One connection under a <see cref="WireTap"/>. Asynchronous use only, which is what the race does.</summary>
internal sealed class TappedStream(Stream inner, WireTap tap) : PassThroughStream(inner)
{
    private long _writtenSinceRead;
    private bool _wasAnswered;
    private bool _hasEnded;
    private int _isLost;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await Inner.ReadAsync(buffer, cancellationToken);
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
        _ = Interlocked.Add(ref _writtenSinceRead, buffer.Length);
        try
        {
            await Inner.WriteAsync(buffer, cancellationToken);

            // A read that the pool keeps pending has seen the end before this: there is no further one to tell.
            if (Volatile.Read(ref _hasEnded))
            {
                NoteLoss();
            }
        }
        catch (IOException)
        {
            NoteEnd();
            throw;
        }
    }

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

    private void NoteAnswer()
    {
        _ = Interlocked.Exchange(ref _writtenSinceRead, 0);
        _wasAnswered = true;
        tap.Read();
    }

    private void NoteEnd()
    {
        Volatile.Write(ref _hasEnded, true);
        Interlocked.MemoryBarrier();
        NoteLoss();
    }

    private void NoteLoss()
    {
        if (Interlocked.Read(ref _writtenSinceRead) > 0 && _wasAnswered && Interlocked.Exchange(ref _isLost, 1) == 0)
        {
            tap.Lose();
        }
    }
}
