using System.Globalization;
using System.Text;

namespace StaleConnGuard.Lab;

/// <summary>
/// Reads HTTP/1.1 requests one after the other from a connection (RFC 9112): Content-Length and chunked bodies, 100-continue. What the
/// bodies say is not kept. Used by one connection.
/// </summary>
internal sealed class RequestReader(Stream stream, Func<ReadOnlyMemory<byte>, ValueTask> sendInterim)
{
    private const int LargestHead = 32 * 1024;

    private static readonly byte[] s_endOfHead = "\r\n\r\n"u8.ToArray();
    private static readonly byte[] s_continue = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    private readonly byte[] _buffer = new byte[LargestHead];
    private int _start;
    private int _end;

    /// <summary>The next request with its body read to the end, or null when the client closed the connection before it.</summary>
    /// <param name="onFirstByte">Called once when the request's first byte is here; false: the connection is taken from us, stop.</param>
    /// <exception cref="IOException">The connection ended within a request, or what was sent is no HTTP/1.1.</exception>
    public async ValueTask<RaceRequest?> ReadAsync(Func<bool> onFirstByte)
    {
        if (_start == _end && !await FillAsync())
        {
            return null;
        }

        if (!onFirstByte())
        {
            return null;
        }

        RaceRequest request = ParseHead(await ReadThroughAsync(s_endOfHead));
        if (request.ExpectsContinue)
        {
            await sendInterim(s_continue);
        }

        if (request.IsChunked)
        {
            await SkipChunksAsync();
        }
        else
        {
            await SkipAsync(request.ContentLength);
        }

        return request;
    }

    private static RaceRequest ParseHead(string head)
    {
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] requestLine = lines[0].Split(' ');
        if (requestLine is not [var method, var target, "HTTP/1.1"])
        {
            throw new IOException($"This is no HTTP/1.1 request line: {lines[0]}");
        }

        var request = new RaceRequest { Method = method, Target = target };
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            request.Apply(line[..colon], line[(colon + 1)..].Trim());
        }

        return request;
    }

    private async ValueTask SkipChunksAsync()
    {
        while (true)
        {
            string line = await ReadThroughAsync("\r\n"u8.ToArray());
            long size = long.Parse(line.AsSpan().TrimEnd().Slice(0, line.AsSpan().IndexOfAny(";\r\n")), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size > 0)
            {
                await SkipAsync(size + 2);
                continue;
            }

            while (await ReadThroughAsync("\r\n"u8.ToArray()) != "\r\n")
            {
            }

            return;
        }
    }

    private async ValueTask SkipAsync(long count)
    {
        while (count > 0)
        {
            if (_start == _end && !await FillAsync())
            {
                throw new IOException("The connection ended within a body.");
            }

            int taken = (int)Math.Min(count, _end - _start);
            _start += taken;
            count -= taken;
        }
    }

    private async ValueTask<string> ReadThroughAsync(byte[] delimiter)
    {
        while (true)
        {
            int found = _buffer.AsSpan(_start, _end - _start).IndexOf(delimiter);
            if (found >= 0)
            {
                int length = found + delimiter.Length;
                string text = Encoding.Latin1.GetString(_buffer, _start, length);
                _start += length;
                return text;
            }

            if (!await FillAsync())
            {
                throw new IOException("The connection ended within a request.");
            }
        }
    }

    private async ValueTask<bool> FillAsync()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            throw new IOException("The head of the request is too large.");
        }

        int read = await stream.ReadAsync(_buffer.AsMemory(_end));
        _end += read;
        return read > 0;
    }
}
