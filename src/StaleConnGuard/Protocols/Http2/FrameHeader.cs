using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>The nine bytes before each frame's payload (RFC 9113 4.1).</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FrameHeader(int Length, byte Type, byte Flags, int StreamId)
{
    public const int Size = 9;

    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte PushPromise = 5;
    public const byte GoAway = 7;
    public const byte Continuation = 9;

    private const byte EndStreamFlag = 1;
    private const byte AckFlag = 1;

    /// <summary>Only HEADERS and DATA have the flag.</summary>
    public bool EndsStream => Type is Headers or Data && (Flags & EndStreamFlag) != 0;

    public bool IsAcknowledgement => (Flags & AckFlag) != 0;

    /// <summary>Idle age counts these and no others: balancers do not count PING, SETTINGS and WINDOW_UPDATE.</summary>
    public bool IsActivity => Type is Headers or Data;

    public static FrameHeader Parse(ReadOnlySpan<byte> bytes) => new(
        (bytes[0] << 16) | (bytes[1] << 8) | bytes[2],
        bytes[3],
        bytes[4],
        System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & int.MaxValue);
}
