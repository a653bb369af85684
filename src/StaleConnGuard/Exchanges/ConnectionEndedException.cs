namespace StaleConnGuard.Exchanges;

/// <summary>
/// What the stream throws instead of answering end-of-stream, so that the runtime does not repeat the request on its own, and when it
/// refuses a write. The runtime wraps it in <see cref="HttpRequestException"/> with the same error a plain client gets.
/// The handler above reads the evidence from the exchange, not from here.
/// </summary>
internal sealed class ConnectionEndedException(HttpRequestError error, string message) : HttpIOException(error, message)
{
    public static ConnectionEndedException BeforeResponse() => new(HttpRequestError.ResponseEnded, "The server closed the connection before any byte of a response.");

    public static ConnectionEndedException Silent() => new(HttpRequestError.ResponseEnded, "The server has gone silent: it acknowledged nothing of what was sent.");

    public static ConnectionEndedException Refused(RefusalReason reason) => new(HttpRequestError.ConnectionError, reason switch
    {
        RefusalReason.TooOld => "The pooled connection has been idle for too long to be used; nothing was sent.",
        RefusalReason.Suspect => "Another connection like the pooled one was found dead; nothing was sent.",
        RefusalReason.NotFresh => "The pooled connection is not fresh; nothing was sent.",
        _ => "The server had closed the pooled connection; nothing was sent.",
    });
}
