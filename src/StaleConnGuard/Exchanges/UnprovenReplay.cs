namespace StaleConnGuard.Exchanges;

/// <summary>Whether a request would be sent again if its connection ended now and nothing were proven of it.</summary>
internal static class UnprovenReplay
{
    /// <summary>To be asked by whoever drives the request: what is looked at is not for other threads.</summary>
    public static bool WouldFollow(Exchange exchange)
    {
        // Asking a message for its options makes them. Only one that has been replayed or retried is known to have them.
        RequestAttempts? attempts = exchange is { Traits: var traits, Request: HttpRequestMessage request } && traits.Has(ExchangeTraits.FreshOnly) ? RequestAttempts.Find(request) : null;
        return ReplayRule.Decide(new ReplayFacts
        {
            Delivery = Delivery.Unknown,
            IsReused = true,
            IsCancelled = false,
            IsSafeToRepeat = RepeatSafety.IsSafeToRepeat(exchange.Request),
            CanBodyBeSent = exchange.CanBodyBeSentAgain,
            Replays = attempts?.Replays ?? 0,
            IsUnprovenReplaySpent = attempts?.UnprovenReplaySpent ?? false,
            MaxReplays = exchange.Settings.MaxReplays,
            UnsafeReplay = exchange.Settings.UnsafeReplay,
        }).IsReplay();
    }
}
