namespace StaleConnGuard;

/// <content>What the caller can ask about one request.</content>
public static partial class HttpRequestMessageExtensions
{
    /// <summary>
    /// Asks for <see cref="GetExchangeInfo"/> of this request. To be called before it is sent; a request for which it is not called pays nothing.
    /// </summary>
    /// <param name="request">The request, before it is sent.</param>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public static HttpRequestMessage CaptureExchangeInfo(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ExchangeCapture.Attach(request);
        return request;
    }

    /// <summary>Which connection carried the request, whether it was reused, how long it had been idle, when the first byte came, how often it was sent.</summary>
    /// <param name="request">The request, after the send has returned or thrown.</param>
    /// <returns>
    /// What is known of the last exchange; null when <see cref="CaptureExchangeInfo"/> was not called before the send, or no guarded connection was written to (HTTP/3; a failed connect
    /// has none). Requests share a connection over HTTP/2: null as well when more than one to the same server may have carried this one.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public static ExchangeInfo? GetExchangeInfo(this HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ExchangeCapture.Of(request)?.Describe();
    }
}
