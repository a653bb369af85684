using System.Buffers;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Puts <c>Connection: keep-alive</c> into the head of a request on its way to the wire. HTTP/1.1 does not need it (RFC 9112 9.3), but Apache
/// httpd and Tomcat say their timeout to those only who send it. What they say holds for the connection and, as far as we know, for the origin,
/// so it is asked for once a connection and again when the answer grows old, not with each request.
/// </summary>
internal static class KeepAliveSolicitation
{
    /// <summary>
    /// When a connection asks again, in <see cref="TimeSpan"/> ticks: well before what was heard counts as not heard recently, so that of several
    /// servers behind one origin the smallest word stays in force as long as a connection to its speaker is in use.
    /// </summary>
    public const long AskAgainAfter = LearningRules.Recently / 2;

    private static ReadOnlySpan<byte> Line => "Connection: keep-alive\r\n"u8;

    /// <summary>
    /// The same bytes with the header after the request line, or null where it has no place: not a whole head of HTTP/1.1, a CONNECT, or a head
    /// that says something about the connection itself (RFC 9110 7.6.1), an upgrade for instance. In an array of the shared pool, for the caller to
    /// give back: a socket remembers what it sent last, and an array of its own would stay with every idle connection.
    /// </summary>
    public static byte[]? InsertInto(ReadOnlySpan<byte> request, out int length)
    {
        length = request.Length + Line.Length;
        int head = request.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return null;
        }

        int line = request.IndexOf("\r\n"u8) + 2;
        if (!request[..line].EndsWith(" HTTP/1.1\r\n"u8) || request.StartsWith("CONNECT "u8) || HasConnectionHeader(request[line..(head + 2)]))
        {
            return null;
        }

        byte[] solicited = ArrayPool<byte>.Shared.Rent(length);
        request[..line].CopyTo(solicited);
        Line.CopyTo(solicited.AsSpan(line));
        request[line..].CopyTo(solicited.AsSpan(line + Line.Length));
        return solicited;
    }

    private static bool HasConnectionHeader(ReadOnlySpan<byte> headers)
    {
        while (!headers.IsEmpty)
        {
            if (headers.Length >= "Connection:".Length && System.Text.Ascii.EqualsIgnoreCase(headers[.."Connection:".Length], "Connection:"))
            {
                return true;
            }

            headers = headers[(headers.IndexOf((byte)'\n') + 1)..];
        }

        return false;
    }
}
