namespace StaleConnGuard.Decisions;

/// <summary>What is known when a request's exchange has ended before any response byte.</summary>
internal readonly record struct ReplayFacts
{
    public required Delivery Delivery { get; init; }

    /// <summary>The connection had been in the pool.</summary>
    public required bool IsReused { get; init; }

    public required bool IsCancelled { get; init; }

    public required bool IsSafeToRepeat { get; init; }

    public required bool CanBodyBeSent { get; init; }

    /// <summary>Replays made so far for this request.</summary>
    public required int Replays { get; init; }

    /// <summary>The one replay without proof has been made.</summary>
    public required bool IsUnprovenReplaySpent { get; init; }

    public required int MaxReplays { get; init; }

    public required NonIdempotentReplay NonIdempotentReplay { get; init; }
}

/// <summary>
/// May it be sent again, at once? Guard clauses in the order of certainty; the last one is the promise: without proof or the caller's
/// word, a request that is not safe to repeat is never sent twice (RFC 9110 9.2.2).
/// </summary>
internal static class ReplayRule
{
    public static ReplayDecision Decide(in ReplayFacts facts)
    {
        if (facts.IsCancelled)
        {
            return ReplayDecision.SurfaceCancelled;
        }

        if (facts.Delivery is Delivery.ResponseStarted)
        {
            return ReplayDecision.SurfaceResponseStarted;
        }

        if (!facts.CanBodyBeSent)
        {
            return ReplayDecision.SurfaceBodyConsumed;
        }

        if (facts.Replays >= facts.MaxReplays)
        {
            return ReplayDecision.SurfaceReplaysExhausted;
        }

        if (facts.Delivery is Delivery.NotSent)
        {
            return ReplayDecision.ReplayNotSent;
        }

        if (!facts.IsReused)
        {
            // There is no reason a server should hang up on a connection just made; repeating at once could go on for ever.
            return ReplayDecision.SurfaceNewConnection;
        }

        if (facts.Delivery is Delivery.ProvenUndelivered)
        {
            return facts.IsSafeToRepeat || facts.NonIdempotentReplay is not NonIdempotentReplay.Never
                ? ReplayDecision.ReplayProvenUndelivered
                : ReplayDecision.SurfaceProofNotTrusted;
        }

        if (facts.IsUnprovenReplaySpent)
        {
            return ReplayDecision.SurfaceUnprovenReplayExhausted;
        }

        if (facts.IsSafeToRepeat)
        {
            return ReplayDecision.ReplaySafeToRepeat;
        }

        if (facts.NonIdempotentReplay is NonIdempotentReplay.Always)
        {
            return ReplayDecision.ReplayOnCallersWord;
        }

        return ReplayDecision.SurfaceNotSafeToRepeat;
    }

    public static bool IsReplay(this ReplayDecision decision) => decision <= ReplayDecision.ReplayOnCallersWord;
}
