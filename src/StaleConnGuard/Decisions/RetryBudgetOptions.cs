namespace StaleConnGuard;

/// <summary>
/// How many retries an origin may see, all clients of the process together: at most <see cref="Ratio"/> × the requests sent to it, plus
/// <see cref="MinRetriesPerSecond"/>. A retry that the budget refuses is not made; the last response or exception is returned.
/// </summary>
public sealed class RetryBudgetOptions
{
    /// <summary>Gets or sets the retries that every request earns for its origin.</summary>
    /// <value>The default value is 0.2: a server that answers nothing but errors sees 1.2 times the load. Between 0 and 10.</value>
    public double Ratio { get; set; } = RetryDefaults.BudgetRatio;

    /// <summary>Gets or sets the retries a second that an origin may see however few requests it gets.</summary>
    /// <value>The default value is 10. Between 0 and 1,000,000.</value>
    public double MinRetriesPerSecond { get; set; } = RetryDefaults.MinRetriesPerSecond;
}
