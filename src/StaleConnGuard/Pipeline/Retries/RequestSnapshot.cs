using System.Net.Http.Headers;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// What a message was before its first attempt. Handlers below change it: a followed redirect rewrites address, method and content and
/// drops the credentials (and a POST that was redirected looks like GET). A repeat must be of the original, and be judged as the original.
/// </summary>
internal readonly struct RequestSnapshot
{
    private readonly Uri? _uri;
    private readonly HttpContent? _content;
    private readonly AuthenticationHeaderValue? _authorization;

    public RequestSnapshot(HttpRequestMessage request)
    {
        Request = request;
        Method = request.Method;
        _uri = request.RequestUri;
        _content = request.Content;
        _authorization = request.Headers.Authorization;
    }

    /// <summary>False for the default value: nothing is known.</summary>
    public bool IsKnown => Request is not null;

    public HttpRequestMessage Request { get; }

    public HttpMethod Method { get; }

    public Uri? Uri => _uri;

    public HttpContent? Content => _content;

    /// <summary>
    /// The address has changed: for all that can be told without a guard below, an attempt was answered with a redirect, so that the server has seen the request
    /// whatever came after.
    /// </summary>
    public bool HasAnotherAddress => !ReferenceEquals(Request.RequestUri, _uri);

    /// <summary>
    /// What a response tells of its request, when nothing was known before. A redirect may have made a GET of any method, so a GET tells nothing;
    /// nothing else can come of a redirect but what was sent.
    /// </summary>
    public static RequestSnapshot FromResponse(HttpResponseMessage? response) =>
        response?.RequestMessage is HttpRequestMessage request && request.Method != HttpMethod.Get ? new RequestSnapshot(request) : default;

    public void Restore()
    {
        Request.RequestUri = _uri;
        Request.Method = Method;
        Request.Content = _content;
        if (!ReferenceEquals(Request.Headers.Authorization, _authorization))
        {
            Request.Headers.Authorization = _authorization;
        }
    }
}
