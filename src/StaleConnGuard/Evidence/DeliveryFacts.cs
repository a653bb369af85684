using System.Runtime.InteropServices;

namespace StaleConnGuard.Evidence;

/// <summary>What is known of a connection that ended with end-of-stream under a request, before any response byte.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DeliveryFacts
{
    /// <summary>The kernel's view after the end; null where it cannot be had.</summary>
    public required TcpSnapshot? Snapshot { get; init; }

    /// <summary>Where the request begins in the bytes of the connection.</summary>
    public required SendMark Mark { get; init; }

    /// <summary>A write is under way, and may take the socket's error.</summary>
    public required bool IsWriting { get; init; }

    /// <summary>A write has taken the socket's error, so that end-of-stream need not mean a FIN.</summary>
    public required bool EofMayBeSpurious { get; init; }
}

/// <summary>What <see cref="DeliveryFacts"/> prove.</summary>
internal enum DeliveryFinding
{
    /// <summary>No proof can be had.</summary>
    NoProof,

    /// <summary>The proof stands: the peer's kernel acknowledged nothing of the request before the FIN.</summary>
    NothingAcknowledged,

    /// <summary>A write is under way and may take the socket's error: look again.</summary>
    WriteUnderWay,
}
