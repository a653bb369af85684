using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;

namespace StaleConnGuard;

/// <summary>
/// One exchange together with what was done to the message for it: the content that stands in for the caller's. A value that the
/// handler holds while it sends; what was changed is put back when the attempt ends.
/// </summary>
[StructLayout(LayoutKind.Auto)]
[SuppressMessage("Design", "CA1001", Justification = "The stand-in owns nothing; the content behind it belongs to the request.")]
internal readonly struct Attempt
{
    private readonly IGuardedContent? _standIn;
    private readonly BodyRepeatability _body;

    private Attempt(Exchange exchange, BodyRepeatability body, bool standIn)
    {
        Exchange = exchange;
        _body = body;
        if (standIn)
        {
            _standIn = GuardedContent.For(exchange.Request.Content!, exchange, isOneShot: body is BodyRepeatability.OneShot);
            exchange.Request.Content = _standIn.AsContent;
        }
    }

    public Exchange Exchange { get; }

    /// <summary>Whether the body is still whole, or can be made so.</summary>
    public bool CanBodyBeSent => _body.CanBeSentAgain() || _standIn is { HasRun: false };

    /// <summary>Content that runs code of the application gets a stand-in, which knows when that code runs and keeps it back until the connection is known to be good.</summary>
    public static Attempt First(ConnectionGuard guard, GuardSettings settings, HttpRequestMessage request)
    {
        if (settings.SolicitHint && !request.Headers.NonValidated.Contains("Connection"))
        {
            request.Headers.TryAddWithoutValidation("Connection", "keep-alive");
        }

        BodyRepeatability body = BodyRepeatabilityClassifier.Classify(request.Content);
        bool standIn = body switch
        {
            BodyRepeatability.OneShot => MayBeHttp11(request),
            BodyRepeatability.Restartable => WillBeHttp11(request),
            _ => false,
        };
        var exchange = new Exchange(guard, settings, request)
        {
            CanAskAtCheckout = standIn || body is BodyRepeatability.None or BodyRepeatability.Memory,
            MayRefuseWrite = settings.MaxReplays > 0 && (standIn || body.CanBeSentAgain()),
            HasBody = body is not BodyRepeatability.None,
            CanBodyBeSentAgain = body.CanBeSentAgain(),
        };

        return new Attempt(exchange, body, standIn);
    }

    /// <summary>The same request again.</summary>
    public Attempt Next(bool freshOnly, bool mayRefuseWrite)
    {
        Exchange last = Exchange;
        var exchange = new Exchange(last.Guard, last.Settings, last.Request)
        {
            FreshOnly = freshOnly,
            CanAskAtCheckout = true,
            MayRefuseWrite = mayRefuseWrite,
            HasBody = last.HasBody,
            CanBodyBeSentAgain = last.CanBodyBeSentAgain,
        };

        return new Attempt(exchange, _body, RunsApplicationCode(_body));
    }

    public void Complete(HttpResponseMessage response)
    {
        RestoreContent();
        Exchange.EndsWithConnection = response.Headers.ConnectionClose == true
            || (response.Content.Headers.ContentLength is null && response.Headers.TransferEncodingChunked != true && MayHaveBody(Exchange.Request, response));
        Exchange.Close();
        if (Exchange.Stream is GuardedStream stream)
        {
            if (EndsConnection(Exchange.Request, response))
            {
                stream.CarriesNoMore = true;
            }

            ConnectionGuard.OnAnswered(Exchange, stream, response);
            Exchange.ForgetRequest();
        }
    }

    /// <summary>Ends the attempt. True when there is evidence to decide on; everything else passes through untouched.</summary>
    public bool Fail()
    {
        RestoreContent();
        Exchange.Close();
        if (Exchange.Responded)
        {
            RequestAttempts.GetOrAttach(Exchange.Request).ResponseStarted = true;
        }

        return Exchange.HasEnded;
    }

    private static bool RunsApplicationCode(BodyRepeatability body) => body is BodyRepeatability.Restartable or BodyRepeatability.OneShot;

    // On HTTP/2 the headers have left before the content is asked for; a stand-in would only cost there.
    private static bool WillBeHttp11(HttpRequestMessage request) =>
        request.RequestUri?.Scheme == Uri.UriSchemeHttp
            ? MayBeHttp11(request)
            : request.Version.Major == 1 && request.VersionPolicy is not HttpVersionPolicy.RequestVersionOrHigher;

    private static bool MayBeHttp11(HttpRequestMessage request) =>
        request.Version.Major == 1 || request.VersionPolicy is HttpVersionPolicy.RequestVersionOrLower;

    /// <summary>
    /// After this exchange no other may follow on its connection: we said <c>close</c>, or the server speaks HTTP/1.0 without <c>keep-alive</c>
    /// (RFC 9112 9.3, 9.6). The runtime looks at neither; a server that keeps to the rules is closing, and the next request would race with that.
    /// </summary>
    private static bool EndsConnection(HttpRequestMessage request, HttpResponseMessage response) =>
        HasConnectionOption(request.Headers, "close")
        || (response.Version < HttpVersion.Version11 && !HasConnectionOption(response.Headers, "keep-alive"));

    /// <summary>RFC 9112 6.3: without it, the absence of a length says nothing about the connection.</summary>
    private static bool MayHaveBody(HttpRequestMessage request, HttpResponseMessage response) =>
        request.Method != HttpMethod.Head && response.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified);

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
        if (_standIn is not null && ReferenceEquals(Exchange.Request.Content, _standIn.AsContent))
        {
            Exchange.Request.Content = _standIn.Content;
        }
    }
}
