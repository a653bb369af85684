using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;

namespace StaleConnGuard;

/// <summary>
/// The standard pipeline with StaleConnGuard's retries in the place of its own. Outermost first: rate limiter, total time limit, retries,
/// circuit breaker, time limit of one attempt. Named options: the name is the pipeline's. Not thread-safe.
/// </summary>
public sealed class StaleConnGuardResilienceOptions
{
    /// <summary>Gets or sets the rate limiter. By default 1,000 requests at a time.</summary>
    [Required]
    [ValidateObjectMembers]
    public HttpRateLimiterStrategyOptions RateLimiter { get; set; } = new() { Name = "StaleConnGuard-RateLimiter" };

    /// <summary>Gets or sets the time limit of a request, all attempts and waits together. By default 30 seconds.</summary>
    [Required]
    [ValidateObjectMembers]
    public HttpTimeoutStrategyOptions TotalRequestTimeout { get; set; } = new() { Name = "StaleConnGuard-TotalRequestTimeout" };

    /// <summary>Gets or sets the retries: the same options as those of a guarded client.</summary>
    /// <remarks><see cref="RetryOptions.ConfigurePipeline"/> has no meaning here and is refused.</remarks>
    [Required]
    public RetryOptions Retry { get; set; } = new();

    /// <summary>Gets or sets the circuit breaker. It sees each attempt, but no stale connection that the guard healed.</summary>
    [Required]
    [ValidateObjectMembers]
    public HttpCircuitBreakerStrategyOptions CircuitBreaker { get; set; } = new() { Name = "StaleConnGuard-CircuitBreaker" };

    /// <summary>Gets or sets the time limit of one attempt. By default 10 seconds. Its exception is not retried.</summary>
    [Required]
    [ValidateObjectMembers]
    public HttpTimeoutStrategyOptions AttemptTimeout { get; set; } = new() { Name = "StaleConnGuard-AttemptTimeout", Timeout = TimeSpan.FromSeconds(10) };
}

/// <summary>Checks what the attributes of the options say.</summary>
[OptionsValidator]
internal sealed partial class StaleConnGuardResilienceOptionsValidator : IValidateOptions<StaleConnGuardResilienceOptions>;
