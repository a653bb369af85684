using System.Net;
using Polly;

namespace StaleConnGuard;

/// <summary>
/// When a request is sent again later, with backoff. An instance is read once, when a handler or pipeline is made from it; changes of it after that have no
/// effect. What a reload of the configuration makes of a client's options holds from the next request on. Not thread-safe.
/// </summary>
public sealed class RetryOptions
{
    /// <summary>Gets the status codes that are retried unless <see cref="StatusCodes"/> says otherwise: 502, 503 and 504.</summary>
    public static IReadOnlyList<HttpStatusCode> DefaultStatusCodes { get; } = Array.AsReadOnly(RetryDefaults.StatusCodes);

    private bool? _enabled;

    /// <summary>Gets or sets whether requests are retried at all.</summary>
    /// <value>The default value is <see langword="true"/>.</value>
    /// <remarks>
    /// As long as it is not set, by code or configuration, a factory client's retries stand down by themselves beside a handler that repeats
    /// requests: those of Microsoft.Extensions.Http.Resilience and Microsoft.Extensions.Http.Polly. Set to <see langword="true"/> there are two layers.
    /// </remarks>
    public bool Enabled
    {
        get => _enabled ?? true;
        set => _enabled = value;
    }

    /// <summary>The application has said whether there are retries.</summary>
    internal bool IsEnabledSet => _enabled is not null;

    /// <summary>Gets or sets how often one request may be retried.</summary>
    /// <value>The default value is 3. Between 0 and 10.</value>
    /// <remarks>
    /// Counted on the request message, so that two retry layers of this library do not multiply. A message that its owner sends again when it has been answered
    /// (<see cref="HttpMessageInvoker"/>) counts anew.
    /// </remarks>
    public int MaxRetries { get; set; } = RetryDefaults.MaxRetries;

    /// <summary>Gets or sets the wait that the backoff starts from.</summary>
    /// <value>The default value is 200 ms. Between 0 and 1 minute.</value>
    public TimeSpan BaseDelay { get; set; } = RetryDefaults.BaseDelay;

    /// <summary>Gets or sets the longest wait that the backoff may choose. <c>Retry-After</c> has a limit of its own, <see cref="MaxRetryAfter"/>.</summary>
    /// <value>The default value is 10 seconds. Between <see cref="BaseDelay"/> and 1 hour.</value>
    public TimeSpan MaxDelay { get; set; } = RetryDefaults.MaxDelay;

    /// <summary>Gets or sets how chance is mixed into the wait.</summary>
    /// <value>The default value is <see cref="RetryJitter.Full"/>.</value>
    public RetryJitter Jitter { get; set; } = RetryJitter.Full;

    /// <summary>Gets or sets the status codes that are retried.</summary>
    /// <value>The default value is <see langword="null"/>: <see cref="DefaultStatusCodes"/>. Each between 400 and 599; empty to retry no answer at all.</value>
    public IReadOnlyList<HttpStatusCode>? StatusCodes { get; set; }

    /// <summary>Gets or sets whether <c>Retry-After</c> (RFC 9110 10.2.3) is waited for.</summary>
    /// <value>The default value is <see langword="true"/>.</value>
    /// <remarks>What the server asks is the least that is waited; the jittered backoff comes on top, so that clients told the same moment do not return together.</remarks>
    public bool HonorRetryAfter { get; set; } = true;

    /// <summary>Gets or sets the longest <c>Retry-After</c> that is waited for. A response that asks for more is returned at once.</summary>
    /// <value>The default value is 30 seconds. Between 0 and 1 day.</value>
    public TimeSpan MaxRetryAfter { get; set; } = RetryDefaults.MaxRetryAfter;

    /// <summary>
    /// Gets or sets how long the caller waits for a request, all attempts together. A wait that would end after that is not begun: the
    /// response or exception is returned at once. Nothing is cancelled by it.
    /// </summary>
    /// <value>The default value is <see langword="null"/>: not known. Above 0 and at most 1 day, or <see cref="Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>
    /// A handler sees <see cref="HttpClient.Timeout"/> only as a cancellation token, which does not tell when it will be cancelled. A time
    /// limit that is only a token still ends a wait promptly, but cannot keep it from being begun.
    /// <see cref="HttpRequestMessageExtensions.SetCallerTimeout"/> says it for one request.
    /// </remarks>
    public TimeSpan? CallerTimeout { get; set; }

    /// <summary>Gets or sets how many retries an origin may see.</summary>
    public RetryBudgetOptions Budget { get; set; } = new();

    /// <summary>
    /// Gets or sets what the application puts around the retries: Polly time-outs, breakers, rate limiters. What it adds is outside, so it sees
    /// one execution, whatever the number of attempts. Nothing of it is used when <see cref="Enabled"/> is false.
    /// </summary>
    /// <value>The default value is <see langword="null"/>: nothing.</value>
    /// <remarks>Called when a handler is made, or first needs it; a reload keeps the pipeline, so that breakers and limiters keep what they know.</remarks>
    public Action<ResiliencePipelineBuilder<HttpResponseMessage>>? ConfigurePipeline { get; set; }

    /// <summary>Gets or sets where <see cref="BaseDelay"/> was read in the configuration, for messages about two keys that do not fit together.</summary>
    internal ReadTime? ReadBaseDelay { get; set; }

    /// <summary>Gets or sets where <see cref="MaxDelay"/> was read in the configuration.</summary>
    internal ReadTime? ReadMaxDelay { get; set; }
}
