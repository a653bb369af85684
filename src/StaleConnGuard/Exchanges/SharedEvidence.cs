namespace StaleConnGuard.Exchanges;

/// <summary>Finds out, when a request has failed, whether a shared connection ended under it, and what that proves.</summary>
/// <remarks>
/// The exception says which connection it was, but content that runs code of the application may throw one that belongs to another request. It is believed where no
/// such code can have run, or has failed, or where no other connection of the handler can have carried the request. What a redirect or a challenge preceded is never claimed.
/// </remarks>
internal static class SharedEvidence
{
    /// <summary>Records the evidence in the exchange, if there is any.</summary>
    public static void Record(Exchange exchange, SharedSend send, Exception failure)
    {
        SharedConnectionEndedException? found = SharedConnectionEndedException.FindIn(failure);
        if (found is null && WasThrownAwayUnder(exchange, send, failure))
        {
            exchange.RecordEnd(ConnectionEnd.ClosedBeforeUse, Delivery.NotSent);
            return;
        }

        if (found is not SharedConnectionEndedException ended || !ReferenceEquals(ended.Connection.Guard, exchange.Guard))
        {
            return;
        }

        ISharedConnection connection = ended.Connection;
        long since = send.Since;
        SharedVerdict verdict = connection.Judge(since);
        exchange.BindAfterwards(verdict.Binding);
        exchange.RecordEnd(verdict.End, DeliveryOf(exchange, send, verdict.Delivery, connection));
        if (verdict.Binding is { IsReused: true, IdleAgeTicks: > 0 })
        {
            exchange.Guard.Shared.RetireSiblings(connection, since);
        }
    }

    /// <summary>
    /// Up to .NET 10 the pool takes a connection for idle until a request's headers are written on it, and may throw it away when it has just given it to a request. The runtime begins anew
    /// three times and then fails, with an exception that says nothing. That nothing was sent, the other connections know: none has carried any headers since.
    /// </summary>
    private static bool WasThrownAwayUnder(Exchange exchange, SharedSend send, Exception failure) =>
        failure is HttpRequestException { InnerException: null, HttpRequestError: HttpRequestError.Unknown, StatusCode: null }
        && send.IsStamped
        && exchange is { WasRedirected: false, HasContentBegun: false, Guard.AnswersChallenges: false, Request: HttpRequestMessage request }
        && !MayBeHttp3(request)
        && exchange.Guard.Shared.HasAnyBeenLetGoSince(send.FirstStamp)
        && !exchange.Guard.Shared.MayAnyOtherHaveSince(but: null, send.FirstStamp, isStamped: false);

    // Of those connections nothing is known.
    private static bool MayBeHttp3(HttpRequestMessage request) => request.Version.Major > 2 || request.VersionPolicy is HttpVersionPolicy.RequestVersionOrHigher;

    private static Delivery DeliveryOf(Exchange exchange, SharedSend send, Delivery claimed, ISharedConnection connection)
    {
        HttpRequestMessage request = exchange.Request!;
        // The runtime answers a challenge by setting the header and sending again. What the message says now is what was sent last.
        bool isFurther = exchange.WasRedirected
            || (exchange.Guard.AnswersChallenges && request.Headers.NonValidated.Contains("Authorization"));
        if (isFurther)
        {
            return RepeatSafety.IsSafeToRepeat(request) ? Delivery.Unknown : Delivery.ResponseStarted;
        }

        if (claimed is not (Delivery.NotSent or Delivery.ProvenUndelivered))
        {
            return claimed;
        }

        bool isUntouched = exchange.Traits.HasStandIn && !exchange.HasContentBegun;
        if (isUntouched || send.Body is { HasContentFailed: false } || !MayRunApplicationCode(request.Content))
        {
            return claimed;
        }

        return exchange.Guard.Shared.MayAnyOtherHaveSince(connection.Trace, send.Since, send.IsStamped) ? Delivery.Unknown : claimed;
    }

    private static bool MayRunApplicationCode(HttpContent? content) =>
        BodyRepeatabilityClassifier.Classify(content) is not (BodyRepeatability.None or BodyRepeatability.Memory);
}
