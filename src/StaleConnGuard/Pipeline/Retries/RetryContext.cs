using Polly;

namespace StaleConnGuard;

/// <summary>How a retry strategy in a pipeline of one's own learns which request it is about.</summary>
public static class RetryContext
{
    /// <summary>
    /// Gets the property that holds the request. Handlers of Microsoft.Extensions.Http.Resilience set it themselves (the name is theirs);
    /// whoever executes a pipeline by hand sets it on the <see cref="ResilienceContext"/> before.
    /// </summary>
    /// <remarks>
    /// Without it only the response tells of its request, and a redirect may have made a GET of a POST: no GET is retried then, and no exception.
    /// </remarks>
    public static ResiliencePropertyKey<HttpRequestMessage> RequestMessage { get; } = new("Resilience.Http.RequestMessage");
}
