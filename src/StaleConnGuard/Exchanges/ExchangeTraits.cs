namespace StaleConnGuard.Exchanges;

/// <summary>What is known of an exchange before it begins, and does not change. Flags, because an exchange is made for each request.</summary>
[Flags]
internal enum ExchangeTraits : byte
{
    None = 0,

    /// <summary>A read in its context can only be the pool's: there is no content, or none that runs the application's code.</summary>
    CanAskAtCheckout = 1,

    /// <summary>The first write may be refused.</summary>
    MayRefuseWrite = 2,

    /// <summary>Every reused connection is refused.</summary>
    FreshOnly = 4,

    /// <summary>The request has a body.</summary>
    HasBody = 8,

    /// <summary>The body can be read once, or nothing is known of it.</summary>
    IsOneShot = 16,

    /// <summary>Other content stands in for the caller's.</summary>
    HasStandIn = 32,

    /// <summary>The method is CONNECT: a success turns the connection into a tunnel (RFC 9110 9.3.6).</summary>
    IsConnect = 64,

    /// <summary>The request says <c>Connection: close</c>.</summary>
    SaysClose = 128,
}

internal static class ExchangeTraitsExtensions
{
    public static bool Has(this ExchangeTraits traits, ExchangeTraits trait) => (traits & trait) != ExchangeTraits.None;

    public static ExchangeTraits If(this ExchangeTraits trait, bool holds) => holds ? trait : ExchangeTraits.None;
}
