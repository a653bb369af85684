namespace StaleConnGuard.Exchanges;

/// <summary>
/// What the exchanges of one handler have in common as long as its settings do not change: kept once, because an exchange is made for each
/// request. Immutable.
/// </summary>
/// <param name="guard">Of the handler's connections.</param>
/// <param name="settings">In force when the exchange begins.</param>
internal sealed class ExchangeScope(ConnectionGuard guard, GuardSettings settings)
{
    public ConnectionGuard Guard { get; } = guard;

    public GuardSettings Settings { get; } = settings;

    /// <summary>Set for a further request only: the exchange that the handler opened.</summary>
    public Exchange? Root { get; private init; }

    /// <summary>Set for a further request only: the method that was really written is idempotent.</summary>
    public bool IsIdempotentOnTheWire { get; private init; }

    /// <summary>Of a further request of the same send, which is rare enough to have a scope of its own.</summary>
    public static ExchangeScope OfFurtherRequest(Exchange root, bool isIdempotent) =>
        new(root.Guard, root.Settings) { Root = root, IsIdempotentOnTheWire = isIdempotent };
}
