using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>One request as the scripted server read it.</summary>
public sealed record ScriptedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Id => Headers.GetValueOrDefault("X-Request-Id", "none");
}

/// <summary>The server's end of one connection, and the things a script can do to it.</summary>
public sealed class ScriptedConnection(ScriptedServer server, Socket socket, Stream stream, int index) : IDisposable
{
    private readonly List<byte> _unread = [];

    /// <summary>0 for the first connection the server accepted.</summary>
    public int Index { get; } = index;

    public Socket Socket { get; } = socket;

    public Stream Stream { get; } = stream;

    /// <summary>Reads a whole request, or null at end-of-stream.</summary>
    public async Task<ScriptedRequest?> ReadRequestAsync(bool readBody = true)
    {
        int end;
        while ((end = IndexOfHeaderEnd()) < 0)
        {
            if (!await FillAsync())
            {
                return null;
            }
        }

        string[] lines = Encoding.ASCII.GetString(CollectionsMarshalSpan(0, end)).Split("\r\n");
        _unread.RemoveRange(0, end + 4);
        string[] first = lines[0].Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':');
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        byte[] body = readBody ? await ReadBodyAsync(headers) : [];
        return new ScriptedRequest(first[0], first[1], headers, body);
    }

    /// <summary>Reads the body of a request whose headers were read without it.</summary>
    public async Task<ScriptedRequest> ReadBodyAsync(ScriptedRequest request) => request with { Body = await ReadBodyAsync(request.Headers) };

    /// <summary>Counts the request as executed without answering.</summary>
    public void Execute(ScriptedRequest request) => server.CountExecution(request.Id);

    /// <summary>Executes the request and answers it.</summary>
    public async Task AnswerAsync(ScriptedRequest request, int status = 200, string body = "ok", string headers = "")
    {
        Execute(request);
        bool head = request.Method == "HEAD";
        await WriteAsync($"HTTP/1.1 {status} Status\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{(head ? "" : body)}");
    }

    /// <summary>Answers everything that comes until the client closes.</summary>
    public async Task AnswerAllAsync()
    {
        while (await ReadRequestAsync() is ScriptedRequest request)
        {
            await AnswerAsync(request);
        }
    }

    public async Task WriteAsync(string text)
    {
        await Stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        await Stream.FlushAsync();
    }

    /// <summary>Closes in good order: FIN, after a TLS close_notify if there is TLS.</summary>
    public async Task CloseAsync()
    {
        if (Stream is SslStream tls)
        {
            await tls.ShutdownAsync();
        }

        Socket.Close();
    }

    /// <summary>Closes with a reset.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    /// <summary>Ends the connection in either way.</summary>
    public async Task EndAsync(Ending ending)
    {
        if (ending is Ending.Close)
        {
            await CloseAsync();
        }
        else
        {
            Reset();
        }
    }

    public void Dispose() => Stream.Dispose();

    private async Task<byte[]> ReadBodyAsync(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.TryGetValue("Content-Length", out string? length))
        {
            return await TakeAsync(int.Parse(length, CultureInfo.InvariantCulture));
        }

        if (!headers.TryGetValue("Transfer-Encoding", out string? coding) || coding != "chunked")
        {
            return [];
        }

        var body = new List<byte>();
        while (true)
        {
            int size = int.Parse(await TakeLineAsync(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.AddRange(await TakeAsync(size));
            await TakeLineAsync();
            if (size == 0)
            {
                return [.. body];
            }
        }
    }

    private async Task<string> TakeLineAsync()
    {
        int at;
        while ((at = _unread.IndexOf((byte)'\n')) < 0)
        {
            if (!await FillAsync())
            {
                throw new IOException("End of stream in a body.");
            }
        }

        string line = Encoding.ASCII.GetString([.. _unread[..at]]).TrimEnd('\r');
        _unread.RemoveRange(0, at + 1);
        return line;
    }

    private async Task<byte[]> TakeAsync(int count)
    {
        while (_unread.Count < count)
        {
            if (!await FillAsync())
            {
                throw new IOException("End of stream in a body.");
            }
        }

        byte[] taken = [.. _unread[..count]];
        _unread.RemoveRange(0, count);
        return taken;
    }

    private async Task<bool> FillAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        int count = await Stream.ReadAsync(buffer);
        _unread.AddRange(buffer.AsSpan(0, count));
        return count > 0;
    }

    private ReadOnlySpan<byte> CollectionsMarshalSpan(int start, int end) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_unread)[start..end];

    private int IndexOfHeaderEnd() =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_unread).IndexOf("\r\n\r\n"u8);
}
