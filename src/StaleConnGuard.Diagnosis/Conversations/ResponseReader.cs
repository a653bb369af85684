using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>Follows one HTTP/1.1 response to its end (RFC 9112 6.3). Keeps its status and nothing else.</summary>
internal sealed class ResponseReader(string? method) : MessageReader
{
    public int? Status { get; private set; }

    /// <summary>Whether the connection carries another protocol from here on.</summary>
    public bool IsSwitch => IsDone && (Status == 101 || (method == "CONNECT" && Status is >= 200 and < 300));

    protected override bool OnStartLine(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("HTTP/1."u8) || line.Length < 12 || !int.TryParse(line.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            return false;
        }

        Status = status;
        Restart();
        return true;
    }

    protected override MessagePart OnEndOfHeaders()
    {
        switch (Status)
        {
            case 101:
                return MessagePart.Done;
            case < 200:
                return MessagePart.StartLine;
            case 204 or 304:
                return MessagePart.Done;
        }

        if (method is "HEAD" || (method == "CONNECT" && Status < 300))
        {
            return MessagePart.Done;
        }

        // Of a request that was not captured it is not known whether it was a HEAD; what comes in chunks was none.
        return method is null && !IsChunked ? MessagePart.Unknown : Body(without: MessagePart.UntilClose);
    }
}
