using System.Net;
using System.Net.Http.Headers;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// One exchange together with what was done to the message for it: the content that stands in for the caller's. A value that the
/// handler holds while it sends, no larger than a reference; what was changed is put back when the attempt ends.
/// </summary>
internal readonly struct Attempt
{
    private Attempt(Exchange exchange)
    {
        Exchange = exchange;
        if (exchange.Traits.HasStandIn)
        {
            bool isOneShot = exchange.Traits.IsOneShot;
            bool flushesHeaders = isOneShot ? MayBeHttp11(Request) : WillBeHttp11(Request);
            Request.Content = GuardedContent.For(Request.Content!, exchange, isOneShot, flushesHeaders).AsContent;
        }

        // Last: nothing fails after it, so that whatever is counted here is taken back.
        if (exchange.Shared is SharedSend send)
        {
            exchange.IsToBeSettled = send.Begin(exchange);
        }
    }

    public Exchange Exchange { get; }

    /// <summary>The message: the exchange that a handler opened has it until it is answered.</summary>
    public HttpRequestMessage Request => Exchange.Request!;

    /// <summary>Whether the body is still whole, or can be made so. To be asked when the attempt has failed: a content that still runs is held.</summary>
    public bool CanBodyBeSent =>
        !Exchange.Traits.IsOneShot
        || (Exchange.Traits.HasStandIn && !Exchange.HasContentBegun && Exchange.Shared?.Body is null)
        || Exchange.Shared?.Body?.TryHold() is true
        || BodyRepeatabilityClassifier.CanBeSentAgain(Request.Content);

    /// <summary>
    /// Content that runs code of the application gets a stand-in, which knows when that code runs, and on HTTP/1.1 keeps it back until the connection is known to
    /// be good.
    /// </summary>
    public static Attempt First(ExchangeScope scope, HttpRequestMessage request)
    {
        BodyRepeatability body = BodyRepeatabilityClassifier.Classify(request.Content);
        bool standIn = body is BodyRepeatability.OneShot or BodyRepeatability.Restartable;

        // A stand-in does not run a content that declares itself empty, so that one cannot be spent.
        bool isOneShot = !body.CanBeSentAgain() && !(standIn && request.Content!.Headers.ContentLength == 0);
        var traits = new ExchangeTraits
        {
            CanAskAtCheckout = standIn || body is BodyRepeatability.None or BodyRepeatability.Memory,
            MayRefuseWrite = scope.Settings.MaxReplays > 0 && (standIn || !isOneShot),
            FreshOnly = false,
            HasBody = body is not BodyRepeatability.None,
            IsOneShot = isOneShot,
            HasStandIn = standIn,

            // Looked at now, when the message is at hand for the processor as well; an answer later it no longer is.
            IsConnect = request.Method == HttpMethod.Connect,
            SaysClose = HasConnectionOption(request.Headers, "close"),
        };
        return new Attempt(new Exchange(scope, request) { Traits = traits, Shared = SharedSendOf(scope, request) });
    }

    /// <summary>The same request again.</summary>
    public Attempt Next(bool freshOnly, bool mayRefuseWrite)
    {
        Exchange last = Exchange;
        ExchangeTraits traits = last.Traits with
        {
            CanAskAtCheckout = true,
            FreshOnly = freshOnly,
            MayRefuseWrite = mayRefuseWrite,
            HasStandIn = BodyRepeatabilityClassifier.Classify(Request.Content) is BodyRepeatability.Restartable or BodyRepeatability.OneShot,
        };
        return new Attempt(new Exchange(last.Scope, Request) { Traits = traits, Shared = SharedSendOf(last.Scope, Request, last.Shared) });
    }

    /// <summary>It has been answered.</summary>
    public void Complete(HttpResponseMessage response)
    {
        RestoreContent();
        Settle();
        if (Exchange is { Shared: not null, IsBound: false })
        {
            Exchange.Guard.Events.SharedExchangeDone(Exchange);
        }

        Exchange.Close();
        if (Exchange.Connection is not IGuardedConnection connection)
        {
            // Not on a connection of HTTP/1.1, then.
            Exchange.Guard.Contract.AnsweredUnbound(response.Version);
            return;
        }

        if (Exchange.Traits.SaysClose)
        {
            // We said it (RFC 9112 9.6), and the runtime does not look at it; a server that keeps to the rules is closing.
            connection.NoNewExchanges = true;
        }

        Exchange.ForgetRequest();
    }

    /// <summary>
    /// Ends the attempt. The evidence to decide on, which the failure carries; null for everything else, which passes through untouched. Content of the
    /// application may have failed with the connection in words of its own, and kept the evidence to itself: then what the exchange noted first holds.
    /// </summary>
    public ExchangeEnd? Fail(Exception failure)
    {
        RestoreContent();
        Exchange.Shared?.End();
        Exchange.Close();
        if (Exchange is { Shared: SharedSend send, IsBound: false })
        {
            SharedEvidence.Record(Exchange, send, failure);
            Exchange.Guard.Events.SharedExchangeDone(Exchange);
        }

        if (!Exchange.IsBound && Exchange.Guard.Contract.FailedUnbound(Exchange, failure))
        {
            // It may be anywhere. Nobody may take it for one that was not sent.
            _ = Exchange.TryMarkResponded();
        }

        ExchangeEnd? evidence = ConnectionEndedException.EvidenceOf(failure, Exchange) ?? Exchange.Evidence;
        RequestAttempts attempts = RequestAttempts.GetOrAttach(Request);
        attempts.Delivery = WhatIsKnown(evidence);
        attempts.WasRedirected = Exchange.WasRedirected;
        return evidence;
    }

    /// <summary>The request will not be sent again: it has been answered, or its failure passes.</summary>
    public void Settle()
    {
        if (Exchange is { IsToBeSettled: true, Shared: SharedSend send })
        {
            send.End();
            send.Body?.Settle();
        }
    }

    private Delivery? WhatIsKnown(ExchangeEnd? evidence)
    {
        if (Exchange.Responded)
        {
            return Delivery.ResponseStarted;
        }

        if (evidence is not null)
        {
            return evidence.Delivery;
        }

        // Without evidence. On HTTP/2 nothing is bound, but the headers have left when the content runs.
        if (Exchange.IsBound || Exchange.HasContentBegun)
        {
            return Delivery.Unknown;
        }

        // Not a byte left this time, but an earlier attempt has read the content: as far as that goes, it was sent.
        return Exchange.Shared?.Body is { HasBegun: true } ? Delivery.ProvenUndelivered : null;
    }

    /// <summary>Only for a request that may go out over HTTP/2: others pay nothing for it.</summary>
    private static SharedSend? SharedSendOf(ExchangeScope scope, HttpRequestMessage request, SharedSend? last = null) =>
        request.Version.Major < 2 && request.VersionPolicy is not HttpVersionPolicy.RequestVersionOrHigher
            ? null
            : new SharedSend(scope.Guard.Time.GetTimestamp()) { Message = last?.Message, Body = last?.Body, WrittenAgain = last?.WrittenAgain ?? 0 };

    // On HTTP/2 nothing is flushed ahead of the content.
    internal static bool WillBeHttp11(HttpRequestMessage request) =>
        request.RequestUri?.Scheme == Uri.UriSchemeHttp
            ? MayBeHttp11(request)
            : request.Version.Major == 1 && request.VersionPolicy is not HttpVersionPolicy.RequestVersionOrHigher;

    private static bool MayBeHttp11(HttpRequestMessage request) =>
        request.Version.Major == 1 || request.VersionPolicy is HttpVersionPolicy.RequestVersionOrLower;

    private static bool HasConnectionOption(HttpHeaders headers, string option)
    {
        // Text, not parsed: the typed property would parse what was added as text, on every request.
        if (!headers.NonValidated.TryGetValues("Connection", out HeaderStringValues values))
        {
            return false;
        }

        foreach (string value in values)
        {
            foreach (Range part in value.AsSpan().Split(','))
            {
                if (value.AsSpan(part).Trim(" \t").Equals(option, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void RestoreContent()
    {
        // A redirect may have taken the content away; what is not ours stays.
        if (Exchange.Traits.HasStandIn && Request.Content is IGuardedContent standIn && standIn.IsOf(Exchange))
        {
            Request.Content = standIn.Content;
        }
    }
}
