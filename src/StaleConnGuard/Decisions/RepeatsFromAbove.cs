namespace StaleConnGuard;

/// <summary>
/// What happens when a layer above the guard (a retry or hedging handler, a loop around an invoker) sends a request again that is not safe
/// to repeat, and that the server may have executed already.
/// </summary>
public enum RepeatsFromAbove
{
    /// <summary>It is not sent; the sender gets a <see cref="StaleConnectionException"/> with <see cref="ReplayDecision.SurfaceRepeatFromAbove"/>.</summary>
    Refuse,

    /// <summary>It is sent: the application's word that executing such requests twice does no harm.</summary>
    Allow,
}
