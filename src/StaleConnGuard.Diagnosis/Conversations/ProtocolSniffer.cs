namespace StaleConnGuard.Diagnosis;

/// <summary>Tells from the first bytes what a connection carries.</summary>
internal static class ProtocolSniffer
{
    /// <summary>Null when it is nothing that is read here, or cannot be told yet.</summary>
    public static Conversation? Recognise(ReadOnlySpan<byte> bytes, bool isFromClient)
    {
        if (isFromClient && bytes.StartsWith("PRI * HTTP/2.0\r\n"u8))
        {
            return new Http2Conversation();
        }

        if (RecordReader.IsHeader(bytes))
        {
            return new TlsConversation();
        }

        return isFromClient && RequestLine.TryParse(bytes, out _, out _) ? new Http1Conversation() : null;
    }

    /// <summary>Whether bytes show which side sent them; null when they do not.</summary>
    public static bool? IsFromClient(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("HTTP/1."u8))
        {
            return false;
        }

        // A ClientHello is handshake message 1, a ServerHello is 2.
        if (RecordReader.IsHeader(bytes) && bytes[0] == (byte)TlsRecordType.Handshake && bytes.Length > 5 && bytes[5] is 1 or 2)
        {
            return bytes[5] == 1;
        }

        return bytes.StartsWith("PRI * HTTP/2.0"u8) || RequestLine.TryParse(bytes, out _, out _) ? true : null;
    }
}
