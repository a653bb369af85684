using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>One packet in the time line of a finding.</summary>
/// <param name="Frame">Its number.</param>
/// <param name="Time">Nanoseconds since 1970.</param>
/// <param name="IsFromClient">Its direction.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="Offset">Where its bytes lie in the stream of its direction.</param>
/// <param name="Length">How many they are.</param>
/// <param name="Acknowledged">What it acknowledges of the other direction.</param>
/// <param name="IsRepeated">Whether its bytes had been seen before.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PacketMark(
    long Frame, long Time, bool IsFromClient, TcpFlags Flags, long Offset, int Length, long Acknowledged, bool IsRepeated);
