using System.Globalization;
using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>Follows one HTTP/1.1 message to its end (RFC 9112 6). Keeps nothing of it but what tells where it ends.</summary>
internal abstract class MessageReader
{
    private const int LongestLine = 8192;

    private MessagePart _part = MessagePart.StartLine;
    private byte[] _line = [];
    private int _lineLength;
    private long _left;

    /// <summary>Whether it has come to its end.</summary>
    public bool IsDone => _part is MessagePart.Done;

    /// <summary>Whether where it ends cannot be told any more: the bytes that would tell were not captured, or make no sense.</summary>
    public bool IsLost => _part is MessagePart.Unknown;

    /// <summary>Null when it cannot be told, or when the end of the connection is its end.</summary>
    public bool? IsComplete => _part switch
    {
        MessagePart.Done => true,
        MessagePart.UntilClose or MessagePart.Unknown => null,
        _ => false,
    };

    protected long? ContentLength { get; private set; }

    protected bool IsChunked { get; private set; }

    public void Lose() => _part = MessagePart.Unknown;

    /// <param name="bytes">What was captured of the next bytes.</param>
    /// <param name="length">How many they are.</param>
    /// <returns>How many of them are its own.</returns>
    public int Read(ReadOnlySpan<byte> bytes, int length)
    {
        int at = 0;
        while (at < length && _part is not (MessagePart.Done or MessagePart.Unknown or MessagePart.UntilClose))
        {
            if (_part is MessagePart.FixedBody or MessagePart.ChunkData)
            {
                int taken = (int)Math.Min(_left, length - at);
                at += taken;
                _left -= taken;
                if (_left == 0)
                {
                    _part = _part is MessagePart.FixedBody ? MessagePart.Done : MessagePart.ChunkEnd;
                }

                continue;
            }

            if (at >= bytes.Length)
            {
                _part = MessagePart.Unknown;
                break;
            }

            at += ReadLine(bytes[at..]);
        }

        return _part is MessagePart.Done ? at : length;
    }

    /// <summary>False when it is none.</summary>
    protected abstract bool OnStartLine(ReadOnlySpan<byte> line);

    protected virtual void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
    }

    /// <summary>What comes after the headers.</summary>
    protected abstract MessagePart OnEndOfHeaders();

    /// <summary>The body, as the headers announce it.</summary>
    /// <param name="without">What it means that they announce none.</param>
    protected MessagePart Body(MessagePart without)
    {
        if (IsChunked)
        {
            return MessagePart.ChunkSize;
        }

        _left = ContentLength ?? 0;
        return ContentLength is null ? without : _left == 0 ? MessagePart.Done : MessagePart.FixedBody;
    }

    /// <summary>Another message of the same kind follows, and it is that one which is meant: 1xx.</summary>
    protected void Restart()
    {
        ContentLength = null;
        IsChunked = false;
    }

    private int ReadLine(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        ReadOnlySpan<byte> piece = end < 0 ? bytes : bytes[..end];
        if (_lineLength + piece.Length > LongestLine)
        {
            _part = MessagePart.Unknown;
            return bytes.Length;
        }

        if (end >= 0 && _lineLength == 0)
        {
            OnLine(piece);
            return end + 1;
        }

        if (_line.Length < _lineLength + piece.Length)
        {
            Array.Resize(ref _line, Math.Max(2 * _line.Length, _lineLength + piece.Length));
        }

        piece.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += piece.Length;
        if (end < 0)
        {
            return bytes.Length;
        }

        int length = _lineLength;
        _lineLength = 0;
        OnLine(_line.AsSpan(0, length));
        return end + 1;
    }

    private void OnLine(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd((byte)'\r');
        _part = _part switch
        {
            MessagePart.StartLine => OnStartLine(line) ? MessagePart.Headers : MessagePart.Unknown,
            MessagePart.Headers when line.Length > 0 => OnHeader(line),
            MessagePart.Headers => OnEndOfHeaders(),
            MessagePart.ChunkSize => OnChunkSize(line),
            MessagePart.ChunkEnd => line.Length == 0 ? MessagePart.ChunkSize : MessagePart.Unknown,
            MessagePart.Trailer => line.Length == 0 ? MessagePart.Done : MessagePart.Trailer,
            _ => MessagePart.Unknown,
        };
    }

    private MessagePart OnHeader(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon <= 0)
        {
            return MessagePart.Unknown;
        }

        ReadOnlySpan<byte> name = line[..colon];
        ReadOnlySpan<byte> value = line[(colon + 1)..].Trim(" \t"u8);
        if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
        {
            if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                return MessagePart.Unknown;
            }

            ContentLength = length;
        }

        IsChunked |= Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8) && value.Length >= 7 && Ascii.EqualsIgnoreCase(value[^7..], "chunked"u8);
        OnHeader(name, value);
        return MessagePart.Headers;
    }

    private MessagePart OnChunkSize(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOf((byte)';');
        ReadOnlySpan<byte> size = (end < 0 ? line : line[..end]).Trim(" \t"u8);
        if (size.Length is 0 or > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
        {
            return MessagePart.Unknown;
        }

        return _left == 0 ? MessagePart.Trailer : MessagePart.ChunkData;
    }
}
