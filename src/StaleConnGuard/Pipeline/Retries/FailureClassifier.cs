using System.Net.Sockets;

namespace StaleConnGuard.Pipeline;

/// <summary>Reads an exception of the handler below. Whatever is not known to be a failed connection is <see cref="FailureKind.Other"/>.</summary>
internal static class FailureClassifier
{
    /// <param name="exception">What the handler below threw; null when it answered.</param>
    /// <param name="attempts">What is noted on the message, if anything.</param>
    /// <param name="callerToken">The caller's token.</param>
    public static FailureKind Classify(Exception? exception, RequestAttempts? attempts, CancellationToken callerToken)
    {
        FailureKind kind = Classify(exception, callerToken);
        return kind switch
        {
            FailureKind.NotSent or FailureKind.ProvenUndelivered => AsFarAsTheGuardAgrees(kind, attempts),
            FailureKind.ConnectionLost when attempts is { Delivery: Delivery.ResponseStarted } => FailureKind.ResponseStarted,
            _ => kind,
        };
    }

    /// <summary>
    /// An exception says of some request that the server did not receive it. Of which, it does not say: where the guard knows that this one has left, it is
    /// another's, brought along by content of the application that sends while it is written.
    /// </summary>
    private static FailureKind AsFarAsTheGuardAgrees(FailureKind kind, RequestAttempts? attempts)
    {
        // The next hop of a redirect may not have been sent, though the request was; the rules know of redirects.
        if (attempts is null or { WasRedirected: true })
        {
            return kind;
        }

        return attempts.Delivery switch
        {
            null or Delivery.NotSent => kind,
            Delivery.ProvenUndelivered => FailureKind.ProvenUndelivered,
            Delivery.ResponseStarted => FailureKind.ResponseStarted,
            _ => FailureKind.ConnectionLost,
        };
    }

    /// <summary>No connection came about, so nothing can have been sent.</summary>
    public static bool IsNotSent(Exception exception) => Classify(exception, CancellationToken.None) is FailureKind.NotSent;

    private static FailureKind Classify(Exception? exception, CancellationToken callerToken) => exception switch
    {
        null => FailureKind.None,
        OperationCanceledException when callerToken.IsCancellationRequested => FailureKind.Cancelled,
        OperationCanceledException { InnerException: TimeoutException timeout } => ClassifyTimeout(timeout),
        StaleConnectionException stale => ClassifyStaleHit(stale),
        HttpRequestException failed => ClassifyRequestFailure(failed),
        _ => FailureKind.Other,
    };

    private static FailureKind ClassifyRequestFailure(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => FailureKind.NotSent,
        HttpRequestError.ConnectionError => FailureKind.NotSent,
        HttpRequestError.SecureConnectionError => FailureKind.NotSent,
        HttpRequestError.ProxyTunnelError => ProxyRefusal.IsFinal(exception) ? FailureKind.Other : FailureKind.NotSent,
        HttpRequestError.ResponseEnded => FailureKind.ConnectionLost,
        // The runtime has no value of its own for a reset: it is Unknown with the socket's exception inside. So is the guard's word for an end-of-stream.
        HttpRequestError.Unknown when EndedByConnection(exception) => FailureKind.ConnectionLost,
        HttpRequestError.HttpProtocolError when SaysPingUnanswered(exception.Message) => FailureKind.ConnectionLost,
        // RFC 9113 7: NO_ERROR. The server ended the connection in good order, with this request on it.
        HttpRequestError.HttpProtocolError when exception.InnerException is HttpProtocolException { ErrorCode: 0 } => FailureKind.ConnectionLost,
        _ => FailureKind.Other,
    };

    /// <summary>HTTP/2: the runtime calls a dead connection that it found by ping a protocol error, and nothing but its words tells which.</summary>
    private static bool SaysPingUnanswered(string message) =>
        message.Contains("KeepAlivePingDelay", StringComparison.Ordinal) || message.StartsWith("net_ping_request_timed_out", StringComparison.Ordinal);

    /// <summary>A stale hit that the guard did not replay, or not once more. What it knows of the bytes counts; where it did not trust them, neither do we.</summary>
    private static FailureKind ClassifyStaleHit(StaleConnectionException exception) => exception.Delivery switch
    {
        Delivery.ResponseStarted => FailureKind.ResponseStarted,
        _ when exception.Decision is ReplayDecision.SurfaceResponseStarted => FailureKind.ResponseStarted,
        // It was not sent this time; what counts is the earlier send, which may have arrived.
        _ when exception.Decision is ReplayDecision.SurfaceRepeatFromAbove => FailureKind.ConnectionLost,
        // Not a byte left, but the content has been read: as far as the content goes, it was sent.
        Delivery.NotSent when exception.Decision is ReplayDecision.SurfaceBodyConsumed => FailureKind.ProvenUndelivered,
        Delivery.NotSent => FailureKind.NotSent,
        Delivery.ProvenUndelivered when exception.Decision is not ReplayDecision.SurfaceProofNotTrusted => FailureKind.ProvenUndelivered,
        _ => FailureKind.ConnectionLost,
    };

    private static bool EndedByConnection(Exception exception)
    {
        for (Exception? inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is ConnectionEndedException or SharedConnectionEndedException)
            {
                return true;
            }

            if (inner is SocketException socket)
            {
                return IsConnectionEnd(socket.SocketErrorCode);
            }
        }

        return false;
    }

    private static bool IsConnectionEnd(SocketError error) => error switch
    {
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NetworkReset => true,
        // The kernel gave up on a silent peer (TCP_USER_TIMEOUT, keep-alive probes), or the way to it is gone.
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown or SocketError.HostDown => true,
        _ => false,
    };

    /// <summary>
    /// A cancellation that nobody asked for, with a <see cref="TimeoutException"/> inside: the shape of the runtime's connect time-out, which
    /// has no type of its own. <see cref="HttpClient.Timeout"/> of a client nested below has the same shape with a further
    /// cancellation inside; its request may be at work on the server. Only the runtime's own words are proof that nothing was sent; the shape
    /// alone is a lost connection.
    /// </summary>
    private static FailureKind ClassifyTimeout(TimeoutException timeout)
    {
        if (timeout.InnerException is OperationCanceledException)
        {
            return FailureKind.Other;
        }

        return SaysConnectTimeout(timeout) ? FailureKind.NotSent : FailureKind.ConnectionLost;
    }

    /// <summary>What the runtime says when establishing a connection took too long. Its messages are not translated; programs trimmed with UseSystemResourceKeys show the resource's name instead.</summary>
    public static bool SaysConnectTimeout(TimeoutException timeout) =>
        timeout.InnerException is not OperationCanceledException
        && (timeout.Message.Contains("ConnectTimeout", StringComparison.Ordinal) || timeout.Message.StartsWith("net_http_connect_timedout", StringComparison.Ordinal));
}
