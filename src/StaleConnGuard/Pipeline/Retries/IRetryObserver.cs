namespace StaleConnGuard.Pipeline;

/// <summary>
/// Told of every decision but the ordinary one (an outcome that nobody would retry). Called on the request's path after a failure, from
/// any thread; must not throw.
/// </summary>
internal interface IRetryObserver
{
    /// <summary>The request is about to wait and be sent again.</summary>
    void Retrying(in RetryAttempt attempt);

    /// <summary>The response or exception goes to the caller, for the reason in <see cref="RetryAttempt.Decision"/>.</summary>
    void Stopped(in RetryAttempt attempt);

    /// <summary>The origin's budget is empty. Called besides <see cref="Stopped"/>, at most once a minute and origin.</summary>
    void BudgetEmpty(in OriginKey origin);
}

/// <summary>Sees nothing.</summary>
internal sealed class NoRetryObserver : IRetryObserver
{
    public static NoRetryObserver Instance { get; } = new();

    public void Retrying(in RetryAttempt attempt)
    {
    }

    public void Stopped(in RetryAttempt attempt)
    {
    }

    public void BudgetEmpty(in OriginKey origin)
    {
    }
}
