using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>Recognises the first line of an HTTP/1.1 request. The query is not kept: it is nobody's business.</summary>
internal static class RequestLine
{
    private const int LongestMethod = 20;
    private const int LongestPath = 200;

    /// <param name="bytes">Where a request may begin; may be cut.</param>
    /// <param name="method">Its method.</param>
    /// <param name="path">Its path without the query; ends with "…" when it is cut.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out string method, out string path)
    {
        method = path = string.Empty;
        int space = bytes[..Math.Min(bytes.Length, LongestMethod + 1)].IndexOf((byte)' ');
        if (space <= 0 || bytes[..space].ContainsAnyExceptInRange((byte)'A', (byte)'Z'))
        {
            return false;
        }

        ReadOnlySpan<byte> target = bytes[(space + 1)..];
        bool isConnect = bytes[..space].SequenceEqual("CONNECT"u8);
        if (target.IsEmpty || (!isConnect && target[0] is not ((byte)'/' or (byte)'*' or (byte)'h' or (byte)'H')))
        {
            return false;
        }

        int line = target.IndexOf((byte)'\r');
        int end = target.IndexOfAny((byte)' ', (byte)'?', (byte)'\r');
        if (target[..(end < 0 ? target.Length : end)].ContainsAnyInRange((byte)0, (byte)0x1F))
        {
            return false;
        }

        // A whole line says its version.
        if (line >= 0 && target[..line].IndexOf(" HTTP/1."u8) < 0)
        {
            return false;
        }

        method = Encoding.ASCII.GetString(bytes[..space]);
        ReadOnlySpan<byte> shown = end < 0 ? target : target[..end];
        bool isCut = end < 0 || shown.Length > LongestPath;
        path = Encoding.Latin1.GetString(shown[..Math.Min(shown.Length, LongestPath)]) + (isCut ? "…" : string.Empty);
        return true;
    }
}
