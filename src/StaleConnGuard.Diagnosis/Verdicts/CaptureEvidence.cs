namespace StaleConnGuard.Diagnosis;

/// <summary>
/// The same question as the guard asks the kernel: was a byte of the request taken before the server closed? In a capture the FIN's own ACK number
/// answers it, which is what the kernel's count of acknowledged bytes is made of.
/// </summary>
internal static class CaptureEvidence
{
    /// <param name="fin">The server's first FIN.</param>
    /// <param name="request">The request; its start is the mark of the guard, the bytes written before the exchange.</param>
    public static Delivery Judge(StreamEnd fin, RequestFacts request)
    {
        if (fin.Acknowledged is not { } acknowledged)
        {
            return Delivery.Unknown;
        }

        // What the client's kernel would say on having that FIN: nothing has hidden a reset, no write has taken an error.
        DeliveryFinding finding = DeliveryProof.Judge(new DeliveryFacts
        {
            Snapshot = default(TcpSnapshot) with { State = TcpSnapshot.CloseWait, BytesAcknowledged = (ulong)Math.Max(0, acknowledged) },
            Mark = new SendMark(request.Start, AcknowledgedAtConnect: 0),
            IsWriting = false,
            EofMayBeSpurious = false,
        });
        return finding is DeliveryFinding.NothingAcknowledged ? Delivery.ProvenUndelivered : Delivery.Unknown;
    }
}
