namespace StaleConnGuard.Evidence;

/// <summary>How long one side of a connection waits for what the other one is about to find out: how it ended.</summary>
internal static class LateEnd
{
    /// <summary>
    /// Where the kernel says that the connection is over, the end is there, and only a thread is missing to read it. A process that is given little processor time needs
    /// seconds for that.
    /// </summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <summary>Whether the other side may still find the end.</summary>
    /// <param name="transport">The connection; null when the kernel cannot be asked about it.</param>
    /// <param name="waited">For how long it was waited already.</param>
    /// <param name="patience">How long to wait where the kernel knows of no end.</param>
    public static bool MayCome(TransportStream? transport, TimeSpan waited, TimeSpan patience) =>
        waited < patience || (waited < LongestWait && transport is { IsOver: true });
}
