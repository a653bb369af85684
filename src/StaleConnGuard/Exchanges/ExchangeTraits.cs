namespace StaleConnGuard.Exchanges;

/// <summary>What is known of an exchange before it begins, and does not change.</summary>
internal readonly record struct ExchangeTraits
{
    /// <summary>A read in its context can only be the pool's: there is no content, or none that runs the application's code.</summary>
    public required bool CanAskAtCheckout { get; init; }

    /// <summary>The first write may be refused.</summary>
    public required bool MayRefuseWrite { get; init; }

    /// <summary>Every reused connection is refused.</summary>
    public required bool FreshOnly { get; init; }

    /// <summary>The request has a body.</summary>
    public required bool HasBody { get; init; }

    /// <summary>The body can be read once, or nothing is known of it.</summary>
    public required bool IsOneShot { get; init; }

    /// <summary>Other content stands in for the caller's.</summary>
    public required bool HasStandIn { get; init; }

    /// <summary>The method is CONNECT: a success turns the connection into a tunnel (RFC 9110 9.3.6).</summary>
    public required bool IsConnect { get; init; }

    /// <summary>The request says <c>Connection: close</c>.</summary>
    public required bool SaysClose { get; init; }
}
