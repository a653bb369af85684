namespace StaleConnGuard;

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

    /// <summary>Writing the body runs code of the application.</summary>
    RunsApplicationCode = 32,

    /// <summary>Other content stands in for the caller's.</summary>
    HasStandIn = 64,
}

internal static class ExchangeTraitsExtensions
{
    public static bool Has(this ExchangeTraits traits, ExchangeTraits trait) => (traits & trait) != ExchangeTraits.None;

    public static ExchangeTraits If(this ExchangeTraits trait, bool holds) => holds ? trait : ExchangeTraits.None;
}
