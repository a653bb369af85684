namespace StaleConnGuard.Evidence;

/// <summary>
/// Where in the stream of a connection's bytes a request begins: what has to be known before the first of them is written, so that it can be told
/// afterwards whether the peer took one. Immutable.
/// </summary>
internal readonly record struct SendMark
{
    // One more than the count, so that a mark that nobody made knows nothing.
    private readonly ulong _acknowledgedBefore;

    /// <param name="bytesBefore">Bytes that were handed to the kernel before the request's first.</param>
    /// <param name="acknowledgedAtConnect">
    /// What the peer had acknowledged when nothing of ours had been written (the SYN may count); null where the kernel cannot be asked.
    /// </param>
    public SendMark(long bytesBefore, ulong? acknowledgedAtConnect) => _acknowledgedBefore = acknowledgedAtConnect + (ulong)bytesBefore + 1 ?? 0;

    /// <summary>What the peer has acknowledged at most when it took nothing of the request; null where the kernel cannot be asked.</summary>
    public ulong? AcknowledgedBefore => _acknowledgedBefore == 0 ? null : _acknowledgedBefore - 1;
}
