namespace StaleConnGuard.Exchanges;

/// <summary>The content that stands in for a request's own for one exchange, whichever base class it needs.</summary>
internal interface IGuardedContent
{
    /// <summary>The stand-in as the message carries it.</summary>
    HttpContent AsContent { get; }

    /// <summary>The caller's content.</summary>
    HttpContent Content { get; }

    /// <summary>Made for this exchange: there may be a guard below a guard.</summary>
    bool IsOf(Exchange exchange);
}
