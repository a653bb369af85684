using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// Finds the frame headers in one direction of an HTTP/2 connection, however its bytes are cut; looks at no payload and copies none. A mutable struct: used where it
/// stands, by one thread at a time.
/// </summary>
/// <remarks>Fails closed: at anything odd it is lost for good, says so, and finds nothing any more.</remarks>
[StructLayout(LayoutKind.Auto)]
internal struct FrameScanner
{
    // The runtime allows no larger ones towards itself, and sends none (RFC 9113 4.2).
    private const int LargestPayload = 16384;

    private PartialHeader _partial;
    private int _partialLength;
    private int _payloadLeft;
    private int _prefaceSeen;
    private bool _sawSettings;
    private bool _isLost;

    private FrameScanner(int prefaceSeen) => _prefaceSeen = prefaceSeen;

    /// <summary>What a client sends, and must send first (RFC 9113 3.4).</summary>
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>The bytes are not what they should be, or were not once: nothing may be concluded from them.</summary>
    public readonly bool IsLost => _isLost;

    /// <summary>A frame is under way: its header or its payload is not complete.</summary>
    public readonly bool IsWithinFrame => _partialLength > 0 || _payloadLeft > 0;

    public static FrameScanner OfClient() => new(0);

    public static FrameScanner OfServer() => new(Preface.Length);

    /// <summary>The next frame header in these bytes, which are moved on; false when there is none, and all of them have been taken.</summary>
    public bool TryNext(ref ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (_isLost || !PassPreface(ref bytes))
        {
            return false;
        }

        int skipped = Math.Min(_payloadLeft, bytes.Length);
        _payloadLeft -= skipped;
        bytes = bytes[skipped..];
        if (bytes.IsEmpty)
        {
            return false;
        }

        if (_partialLength == 0 && bytes.Length >= FrameHeader.Size)
        {
            header = FrameHeader.Parse(bytes);
            bytes = bytes[FrameHeader.Size..];
            return Accept(header);
        }

        Span<byte> partial = _partial;
        int taken = Math.Min(FrameHeader.Size - _partialLength, bytes.Length);
        bytes[..taken].CopyTo(partial[_partialLength..]);
        _partialLength += taken;
        bytes = bytes[taken..];
        if (_partialLength < FrameHeader.Size)
        {
            return false;
        }

        _partialLength = 0;
        header = FrameHeader.Parse(partial);
        return Accept(header);
    }

    private bool PassPreface(ref ReadOnlySpan<byte> bytes)
    {
        if (_prefaceSeen == Preface.Length)
        {
            return true;
        }

        int count = Math.Min(Preface.Length - _prefaceSeen, bytes.Length);
        if (!bytes[..count].SequenceEqual(Preface.Slice(_prefaceSeen, count)))
        {
            _isLost = true;
            return false;
        }

        _prefaceSeen += count;
        bytes = bytes[count..];
        return _prefaceSeen == Preface.Length;
    }

    private bool Accept(in FrameHeader header)
    {
        _payloadLeft = header.Length;
        _isLost = !IsPlausible(header);
        _sawSettings = true;
        return !_isLost;
    }

    private readonly bool IsPlausible(in FrameHeader header)
    {
        if (header.Length > LargestPayload)
        {
            return false;
        }

        if (!_sawSettings)
        {
            return header.Type == FrameHeader.Settings && header.StreamId == 0 && !header.IsAcknowledgement;
        }

        // Streams are the client's, which are odd: pushed ones are switched off (RFC 9113 5.1.1, 6.6).
        return header.Type switch
        {
            FrameHeader.Headers or FrameHeader.Data or FrameHeader.ResetStream or FrameHeader.Continuation => (header.StreamId & 1) == 1,
            FrameHeader.Settings or FrameHeader.GoAway => header.StreamId == 0,
            FrameHeader.PushPromise => false,
            _ => true,
        };
    }

    [InlineArray(FrameHeader.Size)]
    private struct PartialHeader
    {
        private byte _first;
    }
}
