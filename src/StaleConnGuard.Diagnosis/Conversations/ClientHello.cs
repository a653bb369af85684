using System.Buffers.Binary;

namespace StaleConnGuard.Diagnosis;

/// <summary>Asks a ClientHello one question: does the client offer HTTP/2 (ALPN, RFC 7301)?</summary>
internal static class ClientHello
{
    private const int ApplicationProtocols = 16;

    // Handshake header, version, random.
    private const int FixedPart = 4 + 2 + 32;

    /// <returns>Null when the message is cut or is something else.</returns>
    public static bool? OffersHttp2(ReadOnlySpan<byte> handshake)
    {
        if (handshake.Length < FixedPart || handshake[0] != 1)
        {
            return null;
        }

        int at = FixedPart;
        if (!TrySkip(handshake, ref at, 1) || !TrySkip(handshake, ref at, 2) || !TrySkip(handshake, ref at, 1))
        {
            return null;
        }

        if (at + 2 > handshake.Length)
        {
            return null;
        }

        int end = at + 2 + BinaryPrimitives.ReadUInt16BigEndian(handshake[at..]);
        at += 2;
        while (at + 4 <= Math.Min(end, handshake.Length))
        {
            int type = BinaryPrimitives.ReadUInt16BigEndian(handshake[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(handshake[(at + 2)..]);
            at += 4;
            if (at + length > handshake.Length)
            {
                return null;
            }

            if (type == ApplicationProtocols)
            {
                return handshake.Slice(at, length).IndexOf("\u0002h2"u8) >= 0;
            }

            at += length;
        }

        return at >= end ? false : null;
    }

    private static bool TrySkip(ReadOnlySpan<byte> bytes, ref int at, int sizeOfLength)
    {
        if (at + sizeOfLength > bytes.Length)
        {
            return false;
        }

        int length = sizeOfLength == 1 ? bytes[at] : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
        at += sizeOfLength + length;
        return at <= bytes.Length;
    }
}
