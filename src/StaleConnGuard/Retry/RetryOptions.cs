namespace StaleConnGuard;

/// <summary>When a request is sent again later, with backoff.</summary>
public sealed class RetryOptions
{
    /// <summary>Gets or sets whether requests are retried at all. Switch it off beside <c>AddStandardResilienceHandler</c>.</summary>
    /// <value>The default value is <see langword="true"/>.</value>
    public bool Enabled { get; set; } = true;
}
