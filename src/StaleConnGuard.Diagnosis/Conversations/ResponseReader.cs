using System.Globalization;
using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>Follows one HTTP/1.1 response to its end (RFC 9112 6.3). Keeps its status and nothing else.</summary>
internal sealed class ResponseReader(string? method)
{
    private const int LongestLine = 8192;

    private enum Part
    {
        StatusLine,
        Headers,
        FixedBody,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailer,
        UntilClose,
        Done,

        /// <summary>The bytes that would tell were not captured, or make no sense.</summary>
        Unknown,
    }

    private readonly StringBuilder _line = new();
    private Part _part = Part.StatusLine;
    private long _left;
    private long? _contentLength;
    private bool _isChunked;

    public int? Status { get; private set; }

    /// <summary>Null when it cannot be told, or when the end of the connection is its end.</summary>
    public bool? IsComplete => _part switch
    {
        Part.Done => true,
        Part.UntilClose or Part.Unknown => null,
        _ => false,
    };

    /// <summary>Whether the connection carries another protocol from here on.</summary>
    public bool IsSwitch => _part is Part.Done && (Status == 101 || (method == "CONNECT" && Status is >= 200 and < 300));

    public void Lose() => _part = Part.Unknown;

    public void Read(ReadOnlySpan<byte> bytes, int length)
    {
        int at = 0;
        while (at < length && _part is not (Part.Done or Part.Unknown or Part.UntilClose))
        {
            if (_part is Part.FixedBody or Part.ChunkData)
            {
                int taken = (int)Math.Min(_left, length - at);
                at += taken;
                _left -= taken;
                if (_left == 0)
                {
                    _part = _part is Part.FixedBody ? Part.Done : Part.ChunkEnd;
                }

                continue;
            }

            if (at >= bytes.Length)
            {
                _part = Part.Unknown;
                return;
            }

            int end = bytes[at..].IndexOf((byte)'\n');
            ReadOnlySpan<byte> piece = end < 0 ? bytes[at..] : bytes.Slice(at, end);
            if (_line.Length + piece.Length > LongestLine)
            {
                _part = Part.Unknown;
                return;
            }

            _ = _line.Append(Encoding.Latin1.GetString(piece));
            at += piece.Length + (end < 0 ? 0 : 1);
            if (end >= 0)
            {
                string line = _line.ToString().TrimEnd('\r');
                _ = _line.Clear();
                OnLine(line);
            }
        }
    }

    private void OnLine(string line) => _part = _part switch
    {
        Part.StatusLine => OnStatusLine(line),
        Part.Headers when line.Length > 0 => OnHeader(line),
        Part.Headers => OnEndOfHeaders(),
        Part.ChunkSize => OnChunkSize(line),
        Part.ChunkEnd => line.Length == 0 ? Part.ChunkSize : Part.Unknown,
        Part.Trailer => line.Length == 0 ? Part.Done : Part.Trailer,
        _ => Part.Unknown,
    };

    private Part OnStatusLine(string line)
    {
        if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal) || line.Length < 12
            || !int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            return Part.Unknown;
        }

        Status = status;
        _contentLength = null;
        _isChunked = false;
        return Part.Headers;
    }

    private Part OnHeader(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
        {
            return Part.Unknown;
        }

        ReadOnlySpan<char> name = line.AsSpan(0, colon);
        ReadOnlySpan<char> value = line.AsSpan(colon + 1).Trim();
        if (name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
        {
            if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                return Part.Unknown;
            }

            _contentLength = length;
        }

        _isChunked |= name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) && value.EndsWith("chunked", StringComparison.OrdinalIgnoreCase);
        return Part.Headers;
    }

    private Part OnEndOfHeaders()
    {
        switch (Status)
        {
            case 101:
                return Part.Done;
            case < 200:
                return Part.StatusLine;
            case 204 or 304:
                return Part.Done;
        }

        if (method is "HEAD" || (method == "CONNECT" && Status < 300))
        {
            return Part.Done;
        }

        if (_isChunked)
        {
            return Part.ChunkSize;
        }

        // Of a request that was not captured it is not known whether it was a HEAD.
        if (method is null)
        {
            return Part.Unknown;
        }

        _left = _contentLength ?? 0;
        return _contentLength is null ? Part.UntilClose : _left == 0 ? Part.Done : Part.FixedBody;
    }

    private Part OnChunkSize(string line)
    {
        int end = line.IndexOf(';', StringComparison.Ordinal);
        ReadOnlySpan<char> size = (end < 0 ? line.AsSpan() : line.AsSpan(0, end)).Trim();
        if (size.Length is 0 or > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
        {
            return Part.Unknown;
        }

        return _left == 0 ? Part.Trailer : Part.ChunkData;
    }
}
