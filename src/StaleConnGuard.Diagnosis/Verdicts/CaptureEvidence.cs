using System.Text;

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
            Mark = new SendMark(request.Start, acknowledgedAtConnect: 0),
            IsWriting = false,
            EofMayBeSpurious = false,
        });
        return finding is DeliveryFinding.NothingAcknowledged ? Delivery.ProvenUndelivered : Delivery.Unknown;
    }

    /// <summary>What the guard's own table says about such a request, with default options. Null where it asks for what the capture does not show: a method under TLS.</summary>
    public static ReplayDecision? Decide(Judgement judgement, ConnectionFacts connection, RequestFacts request)
    {
        if (judgement.Delivery is not { } delivery || (request.Method is null && delivery is Delivery.Unknown))
        {
            return null;
        }

        var options = new ReplayOptions();
        return ReplayRule.Decide(new ReplayFacts
        {
            Delivery = delivery,
            IsReused = request.Ordinal > 1 || !connection.FromTheBeginning,
            IsCancelled = judgement.Verdict is Verdict.GivenUpByClient,
            IsSafeToRepeat = request.Method is { } method && RepeatSafety.IsIdempotent(Encoding.ASCII.GetBytes(method)),
            CanBodyBeSent = true,
            Replays = 0,
            IsUnprovenReplaySpent = false,
            MaxReplays = options.MaxReplays,
            NonIdempotentReplay = options.NonIdempotentReplay,
        });
    }
}
