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
    // A TLS server sends close_notify and then its FIN, a moment apart. A write that runs while the connection dies fails at once.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(2);

    private enum Finding
    {
        /// <summary>A write is under way and may take the socket's error.</summary>
        WriteUnderWay,

        /// <summary>The proof stands.</summary>
        NothingAcknowledged,

        /// <summary>No proof can be had.</summary>
        NoProof,
    }

    /// <summary>
    /// How the connection really ended, and what that proves. TLS says end-of-stream on close_notify; if a reset follows where the FIN should
    /// be, the server closed with bytes in its kernel that it had not read: a reset, which proves nothing.
    /// </summary>
    public static async ValueTask<(ConnectionEnd End, Delivery Delivery)> AfterEndOfStreamAsync(TransportStream? transport, long bytesWrittenBefore, TimeProvider time)
    {
        if (transport is null)
        {
            return (ConnectionEnd.EndOfStream, Delivery.Unknown);
        }

        // Anything but CLOSE_WAIT may be a reset that TLS hid behind its close_notify: only a read of the bare socket tells.
        if (TcpInfo.TryRead(transport.Socket, out TcpInfo info) && info.State != TcpInfo.CloseWait && !await ReadsEndOfStreamAsync(transport).ConfigureAwait(false))
        {
            return (ConnectionEnd.Reset, Delivery.Unknown);
        }

        long started = time.GetTimestamp();
        Finding finding = Look(transport, bytesWrittenBefore);
        while (finding is Finding.WriteUnderWay && time.GetElapsedTime(started) < s_patience)
        {
            await Task.Delay(s_step, time).ConfigureAwait(false);
            finding = Look(transport, bytesWrittenBefore);
        }

        return (ConnectionEnd.EndOfStream, finding is Finding.NothingAcknowledged ? Delivery.ProvenUndelivered : Delivery.Unknown);
    }

    private static Finding Look(TransportStream transport, long bytesWrittenBefore)
    {
        if (transport.AcknowledgedAtConnect is not ulong baseline || !TcpInfo.TryRead(transport.Socket, out TcpInfo info))
        {
            return Finding.NoProof;
        }

        if (info.BytesAcknowledged > baseline + (ulong)bytesWrittenBefore)
        {
            return Finding.NoProof;
        }

        return info.State switch
        {
            // A FIN is here and no reset: nothing can have been mistaken.
            TcpInfo.CloseWait => Finding.NothingAcknowledged,

            // FIN, then a reset in answer to our bytes; the kernel answers reads with end-of-stream because of the FIN. The same picture
            // without a FIN arises when a write takes the reset's error and a read then finds nothing left to report: no proof then.
            TcpInfo.Close when transport.IsWriting => Finding.WriteUnderWay,
            TcpInfo.Close when !transport.MayReadFalseEnd => Finding.NothingAcknowledged,
            _ => Finding.NoProof,
        };
    }

    private static async ValueTask<bool> ReadsEndOfStreamAsync(TransportStream transport)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            return await transport.ReadAsync(new byte[1], patience.Token).ConfigureAwait(false) == 0;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }
}
