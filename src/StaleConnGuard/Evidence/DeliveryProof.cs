namespace StaleConnGuard.Evidence;

/// <summary>
/// Asks the kernel whether the server's side took one byte of an exchange that ended with end-of-stream before any response byte.
/// </summary>
/// <remarks>
/// A FIN carries the peer's ACK number. If, once the FIN is here, no byte past those written before the exchange is acknowledged, the
/// server's kernel had taken nothing of the request when the server closed, so no application can have read it. A reset proves
/// nothing: its ACK is not processed, and a server that crashed after reading looks the same.
/// </remarks>
internal static class DeliveryProof
{
    // A TLS server sends close_notify and then its FIN, a moment apart.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// How the connection really ended, and what that proves. TLS says end-of-stream on close_notify; if a reset follows where the FIN should
    /// be, the server closed with bytes in its kernel that it had not read: a reset, which proves nothing.
    /// </summary>
    public static async ValueTask<(ConnectionEnd End, Delivery Delivery)> AfterEndOfStreamAsync(TransportStream? transport, SendMark mark, TimeProvider time, bool blocking = false)
    {
        if (transport is null)
        {
            return (ConnectionEnd.EndOfStream, Delivery.Unknown);
        }

        // Anything but CLOSE_WAIT may be a reset that TLS hid behind its close_notify: only a read of the bare socket tells.
        if (MayHideReset(transport.TryProbe(out TcpSnapshot info) ? info : null) && await transport.ReadForTheEndAsync(s_patience, blocking).ConfigureAwait(false) != 0)
        {
            return (ConnectionEnd.Reset, Delivery.Unknown);
        }

        // A write that runs while the connection dies fails at once, as soon as it gets a thread.
        long started = time.GetTimestamp();
        DeliveryFinding finding = Look(transport, mark);
        while (finding is DeliveryFinding.WriteUnderWay && time.GetElapsedTime(started) < LateEnd.LongestWait)
        {
            await Pause.ForAsync(s_step, time, blocking).ConfigureAwait(false);
            finding = Look(transport, mark);
        }

        return (ConnectionEnd.EndOfStream, finding is DeliveryFinding.NothingAcknowledged ? Delivery.ProvenUndelivered : Delivery.Unknown);
    }

    /// <summary>What the facts prove. Pure: the promise rests on these lines, and a test has every row of them.</summary>
    public static DeliveryFinding Judge(in DeliveryFacts facts)
    {
        if (facts.Snapshot is not TcpSnapshot info || facts.Mark.AcknowledgedBefore is not ulong before)
        {
            return DeliveryFinding.NoProof;
        }

        if (info.BytesAcknowledged > before)
        {
            return DeliveryFinding.NoProof;
        }

        return info.State switch
        {
            // A FIN is here and no reset: nothing can have been mistaken.
            TcpSnapshot.CloseWait => DeliveryFinding.NothingAcknowledged,

            // FIN, then a reset in answer to our bytes; the kernel answers reads with end-of-stream because of the FIN. The same picture
            // without a FIN arises when a write takes the reset's error and a read then finds nothing left to report: no proof then.
            TcpSnapshot.Close when facts.IsWriting => DeliveryFinding.WriteUnderWay,
            TcpSnapshot.Close when !facts.EofMayBeSpurious => DeliveryFinding.NothingAcknowledged,
            _ => DeliveryFinding.NoProof,
        };
    }

    /// <summary>Only in CLOSE_WAIT is it certain that a FIN was read, and no reset that TLS hid behind its close_notify.</summary>
    public static bool MayHideReset(TcpSnapshot? snapshot) => snapshot is TcpSnapshot info && info.State != TcpSnapshot.CloseWait;

    private static DeliveryFinding Look(TransportStream transport, SendMark mark) => Judge(new DeliveryFacts
    {
        // In this order: a write that is no longer under way when it is asked about has left its mark by then.
        Snapshot = transport.TryProbe(out TcpSnapshot info) ? info : null,
        IsWriting = transport.IsWriting,
        EofMayBeSpurious = transport.EofMayBeSpurious,
        Mark = mark,
    });
}
