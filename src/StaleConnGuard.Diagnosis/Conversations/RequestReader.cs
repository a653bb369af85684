using System.Text;

namespace StaleConnGuard.Diagnosis;

/// <summary>Follows one HTTP/1.1 request to its end (RFC 9112 6.3), to see where the next begins when the client does not wait for an answer.</summary>
internal sealed class RequestReader(string method) : MessageReader
{
    /// <summary>Whether its body may never come: <c>Expect: 100-continue</c>.</summary>
    public bool ExpectsContinue { get; private set; }

    protected override bool OnStartLine(ReadOnlySpan<byte> line) => true;

    protected override void OnHeader(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        ExpectsContinue |= Ascii.EqualsIgnoreCase(name, "Expect"u8) && Ascii.EqualsIgnoreCase(value, "100-continue"u8);

    // What follows a CONNECT is no request of this connection.
    protected override MessagePart OnEndOfHeaders() => method == "CONNECT" ? MessagePart.Unknown : Body(without: MessagePart.Done);
}
