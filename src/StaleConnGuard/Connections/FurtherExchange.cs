namespace StaleConnGuard;

/// <summary>
/// A further request of one send: a redirect, an answer to an authentication challenge. The message that the handler holds is not what this
/// one sent.
/// </summary>
/// <param name="root">The exchange the handler opened.</param>
/// <param name="isIdempotent">The method that was really written is idempotent.</param>
internal sealed class FurtherExchange(Exchange root, bool isIdempotent) : Exchange(root.Scope, Nobodys)
{
    public Exchange First { get; } = root;

    public bool IsIdempotent { get; } = isIdempotent;
}
