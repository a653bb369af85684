using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Follows the response of one exchange over the wire, past interim ones: its status, what it says about the connection that it came by, and where it
/// ends (RFC 9112 6.3). Until it has ended, its connection works for it; then only is the connection in the pool. Payload is counted, not read. What it
/// does not understand never ends. A mutable struct owned by the reading side of one connection.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ResponseFraming
{
    // No runtime takes longer lines by default (SocketsHttpHandler.MaxResponseHeadersLength is 64 KB).
    private const int LongestLine = 64 * 1024;
    private const int None = -1;

    private Part _part;
    private bool _answersHead;
    private bool _isHttp10;
    private bool _saysClose;
    private bool _saysKeepAlive;
    private bool _isChunked;
    private short _status;
    private int _keepAliveSeconds;
    private long _remaining;

    // The beginning of a line whose end has not come yet.
    private byte[]? _held;
    private int _heldLength;

    private enum Part : byte
    {
        StatusLine,
        Headers,
        Body,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailers,
        Complete,
        Endless,
    }

    /// <summary>The response has come to its end, and nothing has come after it.</summary>
    public readonly bool IsComplete => _part is Part.Complete;

    /// <summary>After this response the connection carries no other: the server says so, or speaks HTTP/1.0 without <c>keep-alive</c> (RFC 9112 9.3, 9.6).</summary>
    public readonly bool EndsConnection => _saysClose || (_isHttp10 && !_saysKeepAlive);

    /// <summary>What the response's <c>Keep-Alive</c> header advertises, or null.</summary>
    public readonly TimeSpan? KeepAlive => _keepAliveSeconds == None ? null : TimeSpan.FromSeconds(_keepAliveSeconds);

    /// <summary>A request was written; what comes next is its response.</summary>
    /// <param name="isHead">Its method is HEAD, so that the response has no body whatever its header says.</param>
    public void Begin(bool isHead)
    {
        this = default;
        _answersHead = isHead;
        _keepAliveSeconds = None;
        _remaining = None;
    }

    /// <summary>Takes the next bytes of the connection. Returns what they told, each once.</summary>
    public ResponseNews Feed(ReadOnlySpan<byte> bytes)
    {
        ResponseNews news = default;
        while (!bytes.IsEmpty)
        {
            switch (_part)
            {
                case Part.Body or Part.Chunk:
                    int taken = (int)Math.Min(_remaining, bytes.Length);
                    bytes = bytes[taken..];
                    _remaining -= taken;
                    if (_remaining == 0)
                    {
                        _part = _part is Part.Body ? Part.Complete : Part.ChunkEnd;
                    }

                    break;
                case Part.Complete:
                    // Nobody asked for these.
                    _part = Part.Endless;
                    return news;
                case Part.Endless:
                    return news;
                default:
                    if (!TryTakeLine(ref bytes, out ReadOnlySpan<byte> line))
                    {
                        return news;
                    }

                    TakeLine(line, ref news);
                    _heldLength = 0;
                    break;
            }
        }

        if (_part is Part.Complete or Part.Body)
        {
            // An idle connection weighs no more for having once read a long line.
            _held = null;
        }

        return news;
    }

    private bool TryTakeLine(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line)
    {
        int end = bytes.IndexOf((byte)'\n');
        line = end < 0 ? bytes : bytes[..end];
        bytes = end < 0 ? default : bytes[(end + 1)..];
        if (_heldLength + line.Length > LongestLine)
        {
            // However it is cut.
            _part = Part.Endless;
            _held = null;
            return false;
        }

        if (end >= 0 && _heldLength == 0)
        {
            line = WithoutReturn(line);
            return true;
        }

        if (_held is null || _held.Length < _heldLength + line.Length)
        {
            Array.Resize(ref _held, Math.Max(256, 2 * (_heldLength + line.Length)));
        }

        line.CopyTo(_held.AsSpan(_heldLength));
        _heldLength += line.Length;
        line = WithoutReturn(_held.AsSpan(0, _heldLength));
        return end >= 0;
    }

    private void TakeLine(ReadOnlySpan<byte> line, ref ResponseNews news)
    {
        switch (_part)
        {
            case Part.StatusLine:
                TakeStatus(line, ref news);
                break;
            case Part.Headers when line.IsEmpty:
                EndHead(ref news);
                break;
            case Part.Headers:
                TakeHeader(line);
                break;
            case Part.ChunkSize:
                TakeChunkSize(line);
                break;
            case Part.ChunkEnd:
                _part = line.IsEmpty ? Part.ChunkSize : Part.Endless;
                break;
            case Part.Trailers when line.IsEmpty:
                _part = Part.Complete;
                break;
        }
    }

    // "HTTP/1.1 200 OK"
    private void TakeStatus(ReadOnlySpan<byte> line, ref ResponseNews news)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || !BeginsWithDigit(line[9..]) || !Utf8Parser.TryParse(line[9..12], out short status, out int length) || length != 3)
        {
            _part = Part.Endless;
            return;
        }

        _isHttp10 = line[7] == (byte)'0';
        _status = status;
        _part = Part.Headers;
        if (!IsInterim)
        {
            news = news with { Status = status };
        }
    }

    private readonly bool IsInterim => _status is >= 100 and < 200 and not 101;

    private void TakeHeader(ReadOnlySpan<byte> line)
    {
        // Most headers begin with another letter, and need no second look.
        switch (line[0] | 0x20)
        {
            case 'c' when Is(line, "Content-Length"u8, out ReadOnlySpan<byte> value):
                // Said twice and not the same: whoever reads one of the two as the end is right or wrong by chance (RFC 9112 6.3).
                bool isNumber = Utf8Parser.TryParse(value, out long length, out int read) && read == value.Length && BeginsWithDigit(value);
                _remaining = isNumber && (_remaining == None || _remaining == length) ? length : long.MaxValue;
                break;
            case 'c' when Is(line, "Connection"u8, out ReadOnlySpan<byte> value):
                _saysClose |= HasOption(value, "close"u8);
                _saysKeepAlive |= HasOption(value, "keep-alive"u8);
                break;
            case 'k' when Is(line, "Keep-Alive"u8, out ReadOnlySpan<byte> value):
                TakeKeepAlive(value);
                break;
            case 't' when Is(line, "Transfer-Encoding"u8, out ReadOnlySpan<byte> value):
                _isChunked = value.Length >= 7 && Ascii.EqualsIgnoreCase(value[^7..], "chunked"u8);
                _remaining = _isChunked ? _remaining : long.MaxValue;
                break;
        }
    }

    private void TakeKeepAlive(ReadOnlySpan<byte> value)
    {
        Span<char> text = stackalloc char[512];
        if (value.Length > text.Length || !KeepAliveHeader.TryParse(text[..Encoding.Latin1.GetChars(value, text)], out TimeSpan timeout))
        {
            return;
        }

        int seconds = (int)timeout.TotalSeconds;
        _keepAliveSeconds = _keepAliveSeconds == None ? seconds : Math.Min(_keepAliveSeconds, seconds);
    }

    private void EndHead(ref ResponseNews news)
    {
        if (IsInterim)
        {
            Begin(_answersHead);
            return;
        }

        news = news with { HeadHasEnded = true };
        bool hasNoBody = _answersHead || _status is 204 or 304;
        _part = hasNoBody ? Part.Complete
            : _status == 101 ? Part.Endless
            : _isChunked ? Part.ChunkSize
            : _remaining == 0 ? Part.Complete
            : _remaining is None or long.MaxValue ? Part.Endless
            : Part.Body;
    }

    private void TakeChunkSize(ReadOnlySpan<byte> line)
    {
        int extension = line.IndexOf((byte)';');
        ReadOnlySpan<byte> digits = (extension < 0 ? line : line[..extension]).Trim(" \t"u8);
        if (!Utf8Parser.TryParse(digits, out long size, out int read, 'x') || read != digits.Length || size < 0)
        {
            _part = Part.Endless;
            return;
        }

        _remaining = size;
        _part = size == 0 ? Part.Trailers : Part.Chunk;
    }

    // A sign makes no number of it: the runtime takes none either.
    private static bool BeginsWithDigit(ReadOnlySpan<byte> text) => text is [>= (byte)'0' and <= (byte)'9', ..];

    private static ReadOnlySpan<byte> WithoutReturn(ReadOnlySpan<byte> line) => line is [.., (byte)'\r'] ? line[..^1] : line;

    private static bool Is(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        bool isIt = line.Length > name.Length && line[name.Length] == (byte)':' && Ascii.EqualsIgnoreCase(line[..name.Length], name);
        value = isIt ? line[(name.Length + 1)..].Trim(" \t"u8) : default;
        return isIt;
    }

    private static bool HasOption(ReadOnlySpan<byte> value, ReadOnlySpan<byte> option)
    {
        foreach (Range part in value.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(value[part].Trim(" \t"u8), option))
            {
                return true;
            }
        }

        return false;
    }
}
