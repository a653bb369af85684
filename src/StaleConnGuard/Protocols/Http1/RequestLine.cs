using System.Text;

namespace StaleConnGuard.Protocols.Http1;

/// <summary>
/// Tells the first bytes of a request from the bytes of a body. The runtime hands a request's head down in one write, so that its first write is
/// the only one that is ever asked about.
/// </summary>
internal static class RequestLine
{
    /// <summary>These bytes begin with a whole HTTP/1 request line.</summary>
    public static bool Begins(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        return end > 0 && (bytes[..end].EndsWith(" HTTP/1.1\r"u8) || bytes[..end].EndsWith(" HTTP/1.0\r"u8));
    }

    /// <summary>These bytes begin with a whole request line of this method; the runtime may have changed its case.</summary>
    public static bool Begins(ReadOnlySpan<byte> bytes, HttpMethod method)
    {
        int length = method.Method.Length;
        return bytes.Length > length && bytes[length] == (byte)' ' && Ascii.EqualsIgnoreCase(bytes[..length], method.Method) && Begins(bytes);
    }

    /// <summary>The request has the method HEAD: its response has no body, whatever its header says (RFC 9112 6.3).</summary>
    public static bool IsHead(ReadOnlySpan<byte> bytes) => bytes.StartsWith("HEAD "u8);

    /// <summary>The method that these bytes begin with is idempotent.</summary>
    public static bool IsIdempotent(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)' ');
        return end is > 0 and <= 8 && RepeatSafety.IsIdempotent(bytes[..end]);
    }
}
