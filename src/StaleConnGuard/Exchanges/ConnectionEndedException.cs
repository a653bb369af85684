namespace StaleConnGuard.Exchanges;

/// <summary>
/// How an exchange ended, on its way to the handler: what a connection throws instead of answering end-of-stream, so that the runtime does not repeat
/// the request on its own, instead of the socket's own exception, and when it refuses a write. The runtime wraps it in
/// <see cref="HttpRequestException"/> with the same error a plain client gets.
/// </summary>
internal sealed class ConnectionEndedException : HttpIOException
{
    private ConnectionEndedException(Exchange exchange, HttpRequestError error, string message, Exception? inner = null)
        : base(error, message, inner)
    {
        Exchange = exchange;
        Evidence = exchange.Evidence;
    }

    /// <summary>
    /// Whose end this is. The exception may travel through content that runs code of the application, and come out of a request that it says nothing about.
    /// </summary>
    public Exchange Exchange { get; }

    /// <summary>The evidence; null where nothing is recorded of that exchange.</summary>
    public ExchangeEnd? Evidence { get; }

    public static ConnectionEndedException BeforeResponse(Exchange exchange) =>
        new(exchange, HttpRequestError.ResponseEnded, "The server closed the connection before any byte of a response.");

    public static ConnectionEndedException Silent(Exchange exchange) =>
        new(exchange, HttpRequestError.ResponseEnded, "The server has gone silent: it acknowledged nothing of what was sent.");

    public static ConnectionEndedException Refused(Exchange exchange, RefusalReason reason) => new(exchange, HttpRequestError.ConnectionError, reason switch
    {
        RefusalReason.TooOld => "The pooled connection has been idle for too long to be used; nothing was sent.",
        RefusalReason.Suspect => "Another connection like the pooled one was found dead; nothing was sent.",
        RefusalReason.NotFresh => "The pooled connection is not fresh; nothing was sent.",
        _ => "The server had closed the pooled connection; nothing was sent.",
    });

    /// <summary>In place of the socket's own exception, in its words and with what was inside it.</summary>
    public static ConnectionEndedException Failed(Exchange exchange, Exception failure) =>
        new(exchange, HttpRequestError.Unknown, failure.Message, failure.InnerException ?? failure);

    /// <summary>
    /// What a failure says of how this exchange ended; null when it says nothing. An end on a connection that was new to a further request of the same
    /// send is no evidence about the request that the handler holds.
    /// </summary>
    public static ExchangeEnd? EvidenceOf(Exception failure, Exchange exchange)
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is ConnectionEndedException ended && ended.IsAbout(exchange))
            {
                return ended.Evidence;
            }
        }

        return null;
    }

    /// <summary>What failed this exchange is the end of a connection of its handler under something else: another request, or one that nothing was known of.</summary>
    public static bool IsAboutAnother(Exception failure, Exchange exchange)
    {
        for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
        {
            if (inner is ConnectionEndedException ended)
            {
                return !ReferenceEquals(ended.Exchange, exchange) && ReferenceEquals(ended.Exchange.Guard, exchange.Guard);
            }
        }

        return false;
    }

    private bool IsAbout(Exchange exchange) =>
        ReferenceEquals(Exchange, exchange) || (Exchange.IsReused && ReferenceEquals(Exchange.Root, exchange));
}
