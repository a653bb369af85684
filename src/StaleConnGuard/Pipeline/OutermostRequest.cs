namespace StaleConnGuard.Pipeline;

/// <summary>
/// The request that the application handed to a client's chain of handlers, for the guard at its lower end: a layer between that makes a new
/// message for each attempt, and leaves the options of the old one behind, still sends this request. It flows with the execution context.
/// </summary>
/// <param name="chain">Which chain: a handler of the application may use another client while it works on this request.</param>
/// <param name="request">The message as the application made it.</param>
/// <param name="send">The record that all its copies share.</param>
internal sealed class OutermostRequest(object chain, HttpRequestMessage request, UnansweredSend send)
{
    private static readonly AsyncLocal<OutermostRequest?> s_current = new();

    // As long as nobody in the process has made one, the context is not looked into.
    private static volatile bool s_everMade;

    private readonly HttpMethod _method = request.Method;
    private readonly Uri? _address = request.RequestUri;
    private volatile HttpContent? _content = request.Content;
    private volatile bool _isOver;

    /// <summary>Begins; to be ended by <see cref="End"/> with what was there before.</summary>
    public static OutermostRequest Begin(object chain, HttpRequestMessage request, out OutermostRequest? before)
    {
        s_everMade = true;
        before = s_current.Value;
        var begun = new OutermostRequest(chain, request, UnansweredSend.GetOrAttach(request));
        s_current.Value = begun;
        return begun;
    }

    /// <summary>Answered or failed. What was started meanwhile and still runs is no attempt at it any more, and must not keep its content.</summary>
    public void End(OutermostRequest? before)
    {
        _isOver = true;
        _content = null;
        s_current.Value = before;
    }

    /// <summary>The record of the request that this message is an attempt at, as far as can be seen; null otherwise.</summary>
    /// <remarks>
    /// The same method, path and query, and a content that may be the same: the host is what handlers rewrite. A handler that sends other
    /// requests on the way, or splits one into several, is not meant.
    /// </remarks>
    public static UnansweredSend? SendOf(object? chain, HttpRequestMessage message) =>
        chain is not null && s_everMade && s_current.Value is OutermostRequest outermost && outermost.IsAttempt(chain, message) ? outermost.Send : null;

    private UnansweredSend Send => send;

    private bool IsAttempt(object chainOfMessage, HttpRequestMessage message) =>
        !_isOver
        && ReferenceEquals(chain, chainOfMessage)
        && message.Method == _method
        && HasSamePath(message.RequestUri)
        && MayHaveSameContent(message.Content);

    private bool HasSamePath(Uri? address) =>
        ReferenceEquals(address, _address)
        || (address is { IsAbsoluteUri: true } && _address is { IsAbsoluteUri: true } && address.PathAndQuery == _address.PathAndQuery);

    private bool MayHaveSameContent(HttpContent? content)
    {
        HttpContent? original = _content;
        if (ReferenceEquals(content, original))
        {
            return true;
        }

        // Copied: then the length is the same, where it is known.
        return content is not null && original is not null
            && (content.Headers.ContentLength is not long length || original.Headers.ContentLength is not long expected || length == expected);
    }
}
