using System.Runtime.InteropServices;

namespace StaleConnGuard.Evidence;

/// <summary>
/// Where in the stream of a connection's bytes a request begins: what has to be known before the first of them is written, so that it can be told
/// afterwards whether the peer took one. Immutable.
/// </summary>
/// <param name="BytesBefore">Bytes that were handed to the kernel before the request's first.</param>
/// <param name="AcknowledgedAtConnect">What the peer had acknowledged when nothing of ours had been written (the SYN may count); null where the kernel cannot be asked.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SendMark(long BytesBefore, ulong? AcknowledgedAtConnect)
{
    /// <summary>What the peer has acknowledged at most when it took nothing of the request; null where the kernel cannot be asked.</summary>
    public ulong? AcknowledgedBefore => AcknowledgedAtConnect + (ulong)BytesBefore;
}
