namespace StaleConnGuard.Diagnosis;

/// <summary>Reads a stream forwards only, so that a pipe is as good as a file. Damage to a gzip stream is an end like any other.</summary>
internal sealed class ByteSource(Stream stream)
{
    // Below what goes to the large object heap.
    private const int BufferSize = 64 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
    private int _start;
    private int _end;

    /// <summary>How many bytes have been taken.</summary>
    public long Position { get; private set; }

    /// <summary>Why the stream ended before its time; null when it simply ended.</summary>
    public string? Damage { get; private set; }

    /// <summary>Looks at the next bytes without taking them; fewer than asked for at the end.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        while (_end - _start < count && Fill())
        {
        }

        return _buffer.AsSpan(_start, Math.Min(count, _end - _start));
    }

    /// <summary>Takes exactly as many bytes as fit; how many there were when the stream ended first.</summary>
    public int Take(Span<byte> into)
    {
        int taken = 0;
        while (taken < into.Length)
        {
            if (_start == _end && !Fill())
            {
                break;
            }

            int part = Math.Min(into.Length - taken, _end - _start);
            _buffer.AsSpan(_start, part).CopyTo(into[taken..]);
            _start += part;
            taken += part;
        }

        Position += taken;
        return taken;
    }

    /// <summary>Takes what has been read already.</summary>
    public int TakeWhatIsThere(Span<byte> into)
    {
        int count = Math.Min(into.Length, _end - _start);
        return Take(into[..count]);
    }

    /// <summary>False when the stream ended first.</summary>
    public bool Skip(long count)
    {
        while (count > 0)
        {
            if (_start == _end && !Fill())
            {
                return false;
            }

            int part = (int)Math.Min(count, _end - _start);
            _start += part;
            Position += part;
            count -= part;
        }

        return true;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length || Damage is not null)
        {
            return false;
        }

        try
        {
            int read = stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            return read > 0;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            Damage = exception.Message.ReplaceLineEndings(" ");
            return false;
        }
    }
}
