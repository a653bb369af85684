namespace StaleConnGuard.Exchanges;

/// <summary>The one place that gathers what <see cref="ReplayRule.Decide"/> decides by: of an exchange that has ended, and of one that may be found dead.</summary>
internal static class ReplayFactsGatherer
{
    /// <summary>The exchange of this attempt has ended.</summary>
    /// <param name="attempt">The attempt, closed.</param>
    /// <param name="evidence">How it ended.</param>
    /// <param name="attempts">What is counted of the request.</param>
    /// <param name="isCancelled">The caller does not wait any more.</param>
    public static ReplayFacts AfterEnd(in Attempt attempt, ExchangeEnd evidence, RequestAttempts attempts, bool isCancelled)
    {
        Exchange exchange = attempt.Exchange;

        // What the guard itself refused never left: it is no replay in the caller's count, and is bounded on its own.
        bool isFree = evidence.WasRefused && attempts.MayBeRefusedAgain(exchange.FreshOnly);
        return Of(exchange, attempts, isFree ? 0 : attempts.Replays) with
        {
            Delivery = evidence.Delivery,
            IsReused = exchange.IsReused,
            IsCancelled = isCancelled,
            CanBodyBeSent = attempt.CanBodyBeSent,
        };
    }

    /// <summary>The exchange has just begun on a reused connection. If that is found dead, nothing will be proven. To be asked on the request's own thread.</summary>
    public static ReplayFacts IfFoundDead(Exchange exchange) =>
        IfFoundDead(exchange, exchange.Request is HttpRequestMessage request ? RequestAttempts.Find(request) : null);

    /// <summary>The same of an exchange that is about to be sent. Only a replay asks the message for what was counted: asking for its options makes them.</summary>
    public static ReplayFacts BeforeSend(Exchange exchange) =>
        IfFoundDead(exchange, exchange is { FreshOnly: true, Request: HttpRequestMessage request } ? RequestAttempts.Find(request) : null);

    private static ReplayFacts IfFoundDead(Exchange exchange, RequestAttempts? attempts) => Of(exchange, attempts, attempts?.Replays ?? 0) with
    {
        Delivery = Delivery.Unknown,
        IsReused = true,
        IsCancelled = false,
        CanBodyBeSent = exchange.CanBodyBeSentAgain,
    };

    // What does not depend on how the exchange ends; the rest is conservative until it is known.
    private static ReplayFacts Of(Exchange exchange, RequestAttempts? attempts, int replays) => new()
    {
        Delivery = Delivery.ResponseStarted,
        IsReused = false,
        IsCancelled = true,
        CanBodyBeSent = false,
        IsSafeToRepeat = RepeatSafety.IsSafeToRepeat(exchange.Request),
        Replays = replays,
        IsUnprovenReplaySpent = attempts?.UnprovenReplaySpent ?? false,
        MaxReplays = exchange.Settings.MaxReplays,
        NonIdempotentReplay = exchange.Settings.NonIdempotentReplay,
    };
}
