namespace StaleConnGuard.Pipeline;

/// <summary>What the retry layer needs besides its options. The defaults are those of a client made without a service provider.</summary>
internal sealed class RetryServices
{
    /// <summary>The budgets, and with them the clock.</summary>
    public RetryBudgetRegistry Budgets { get; init; } = RetryBudgetRegistry.For(TimeProvider.System);

    /// <summary>Told what is decided.</summary>
    public IGuardEvents Events { get; init; } = GuardEvents.None;

    /// <summary>What is known of <see cref="HttpClient.Timeout"/>; asked when neither the request nor the options say anything.</summary>
    public ClientTimeout? ClientTimeout { get; init; }

    /// <summary>A handler of others in the chain repeats requests: nothing is retried here unless the application says so.</summary>
    public bool StandsDownUnlessSet { get; init; }

    /// <summary>The source of chance of one handler. Not shared: two handlers that draw the same numbers wait in step.</summary>
    public Random Random { get; init; } = new();
}
