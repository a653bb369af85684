using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>What is needed of one TCP segment. Its bytes are the frame's, and gone with the next one.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct TcpSegment
{
    public required long Frame { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long Time { get; init; }

    /// <summary>Whether <see cref="Time"/> is known.</summary>
    public required bool HasTime { get; init; }

    public required Endpoint Source { get; init; }

    public required Endpoint Destination { get; init; }

    public required uint Sequence { get; init; }

    public required uint Acknowledgment { get; init; }

    public required TcpFlags Flags { get; init; }

    /// <summary>How many bytes it carried on the wire.</summary>
    public required int Length { get; init; }

    /// <summary>Those of them that were captured.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>Tells copies of one packet from another packet: what no router changes of its headers.</summary>
    public required ulong Fingerprint { get; init; }

    /// <summary>Whether a packet sent again would have another fingerprint: it carries a number of its own.</summary>
    public required bool IsNumbered { get; init; }

    /// <summary>Where the frame was captured, for telling copies.</summary>
    public required int CapturedAt { get; init; }

    public bool Has(TcpFlags flag) => (Flags & flag) != TcpFlags.None;
}

/// <summary>The flags of RFC 9293 that matter here, as they lie in the header.</summary>
[Flags]
internal enum TcpFlags
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Reset = 4,
    Push = 8,
    Ack = 16,
}
