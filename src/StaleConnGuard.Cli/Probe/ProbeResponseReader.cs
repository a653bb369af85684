using System.Globalization;
using System.Text;

namespace StaleConnGuard.Cli;

/// <summary>
/// Reads one HTTP/1.1 response to its last byte (RFC 9112): Content-Length, chunked, until the end of the connection. Interim responses
/// are passed over and the body is not kept.
/// </summary>
internal sealed class ProbeResponseReader(Stream stream)
{
    private const int LargestHead = 64 * 1024;

    private readonly byte[] _buffer = new byte[LargestHead];
    private int _start;
    private int _end;

    /// <summary>Gets what came after the response without having been asked for.</summary>
    public ReadOnlyMemory<byte> Surplus => _buffer.AsMemory(_start, _end - _start);

    /// <exception cref="InvalidDataException">What came is not HTTP/1.1.</exception>
    /// <exception cref="EndOfStreamException">The connection ended too early.</exception>
    public async Task<ProbeResponse> ReadAsync(string method, CancellationToken cancellationToken)
    {
        ProbeResponse response;
        do
        {
            response = ProbeResponse.Parse(await ReadHeadAsync(cancellationToken), method);
        }
        while (response.Status is >= 100 and < 200 and not 101);

        switch (response.Framing)
        {
            case BodyFraming.ContentLength:
                await SkipAsync(response.ContentLength, cancellationToken);
                break;
            case BodyFraming.Chunked:
                await SkipChunksAsync(cancellationToken);
                break;
            case BodyFraming.UntilClose:
                await SkipToEndAsync(cancellationToken);
                break;
            case BodyFraming.None:
            default:
                break;
        }

        return response;
    }

    private async Task<string> ReadHeadAsync(CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        while (true)
        {
            string line = await ReadLineAsync(cancellationToken);
            if (head.Length == 0 && !line.StartsWith("HTTP/", StringComparison.Ordinal))
            {
                throw new InvalidDataException($"the answer begins with '{ProbeResponse.Shortened(line)}'");
            }

            if (line.TrimEnd().Length == 0)
            {
                return head.ToString();
            }

            if (head.Append(line).Length > LargestHead)
            {
                throw new InvalidDataException("the head of the answer does not end");
            }
        }
    }

    private async Task SkipChunksAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string line = await ReadLineAsync(cancellationToken);
            if (!long.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long size) || size < 0)
            {
                throw new InvalidDataException($"a chunk begins with '{ProbeResponse.Shortened(line)}'");
            }

            if (size == 0)
            {
                break;
            }

            await SkipAsync(size, cancellationToken);
            _ = await ReadLineAsync(cancellationToken);
        }

        // Trailer fields, up to the empty line.
        while ((await ReadLineAsync(cancellationToken)).TrimEnd().Length > 0)
        {
        }
    }

    private async Task SkipAsync(long count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_start == _end)
            {
                await FillAsync(cancellationToken);
            }

            int taken = (int)Math.Min(count, _end - _start);
            _start += taken;
            count -= taken;
        }
    }

    private async Task SkipToEndAsync(CancellationToken cancellationToken)
    {
        _start = _end = 0;
        while (await stream.ReadAsync(_buffer, cancellationToken) > 0)
        {
        }
    }

    // Without a line feed, 'bytes that are no HTTP' must not be waited for until the buffer is full: the first ones decide.
    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int feed = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                string line = Encoding.Latin1.GetString(_buffer, _start, feed + 1);
                _start += feed + 1;
                return line;
            }

            if (_end - _start >= 5 && !IsText(_buffer.AsSpan(_start, 5)))
            {
                throw new InvalidDataException(LooksLikeTls(_buffer.AsSpan(_start)) ? "the server speaks TLS, try https://" : "the server sends binary data");
            }

            await FillAsync(cancellationToken);
        }
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            throw new InvalidDataException("a line of the answer does not end");
        }

        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        if (read == 0)
        {
            throw new EndOfStreamException();
        }

        _end += read;
    }

    private static bool IsText(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExceptInRange((byte)'\t', (byte)'~') && !bytes.ContainsAnyInRange((byte)14, (byte)31);

    // A record of type alert (21) or handshake (22), version 3.x.
    private static bool LooksLikeTls(ReadOnlySpan<byte> bytes) => bytes is [21 or 22, 3, ..];
}
