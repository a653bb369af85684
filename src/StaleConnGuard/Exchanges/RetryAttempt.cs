using Polly;

namespace StaleConnGuard.Exchanges;

/// <summary>One decision of the retry layer, for whoever observes it. Valid during the call only.</summary>
internal readonly struct RetryAttempt
{
    public required RetryDecision Decision { get; init; }

    /// <summary>Null when it is not known which request this is about.</summary>
    public required HttpRequestMessage? Request { get; init; }

    /// <summary>The response that is about to be dropped or returned.</summary>
    public required HttpResponseMessage? Response { get; init; }

    public required Exception? Exception { get; init; }

    /// <summary>Retries of this request before this decision.</summary>
    public required int Retries { get; init; }

    /// <summary>The origin, for a request whose address is absolute.</summary>
    public required OriginKey? Origin { get; init; }

    /// <summary>The Polly execution this is part of; null when the handler runs without a pipeline.</summary>
    public required ResilienceContext? Context { get; init; }
}
