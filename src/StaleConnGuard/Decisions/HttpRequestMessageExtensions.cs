namespace StaleConnGuard;

/// <summary>What a caller can say of one request.</summary>
public static partial class HttpRequestMessageExtensions
{
    /// <summary>
    /// Marks this request as safe to repeat: the caller's word that the server, receiving it twice, acts as if it came once.
    /// It is then replayed and retried like GET. Idempotent methods (RFC 9110 9.2.2) and requests that carry an
    /// <c>Idempotency-Key</c> or <c>X-Idempotency-Key</c> need no mark.
    /// </summary>
    /// <param name="request">The request, before it is sent.</param>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public static HttpRequestMessage MarkSafeToRepeat(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        RepeatSafety.Mark(request);
        return request;
    }
}
