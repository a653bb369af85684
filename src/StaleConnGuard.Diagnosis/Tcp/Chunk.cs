using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>Bytes of one direction, in order, each byte once.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct Chunk
{
    /// <summary>Where they lie in the direction's stream.</summary>
    public required long Offset { get; init; }

    /// <summary>How many they are.</summary>
    public required int Length { get; init; }

    /// <summary>The first of them, as far as they were captured.</summary>
    public required ReadOnlySpan<byte> Bytes { get; init; }

    public required long Frame { get; init; }

    public required long Time { get; init; }

    /// <summary>How much of the other direction's stream the sender had got when it sent them.</summary>
    public required long Acknowledged { get; init; }

    public long End => Offset + Length;

    public bool IsWhole => Bytes.Length == Length;
}
