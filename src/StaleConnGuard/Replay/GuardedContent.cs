using System.Net;

namespace StaleConnGuard;

/// <summary>
/// Stands in for a request's content for one exchange, to know when it begins to run, and to get the headers out before it does: a
/// connection that is refused at its first write, or turns out closed, is then found while a one-shot body is still whole.
/// </summary>
internal sealed class GuardedContent : HttpContent
{
    private readonly HttpContent _content;
    private readonly Exchange _exchange;
    private readonly bool _flushHeadersFirst;

    public GuardedContent(HttpContent content, Exchange exchange, bool flushHeadersFirst)
    {
        _content = content;
        _exchange = exchange;
        _flushHeadersFirst = flushHeadersFirst;

        // Asked for first because asking computes it: only then is it among the headers that are copied.
        long? length = content.Headers.ContentLength;
        foreach (KeyValuePair<string, System.Net.Http.Headers.HeaderStringValues> header in content.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        Headers.ContentLength = length;
    }

    /// <summary>The content itself has begun to run; one-shot content is then spent.</summary>
    public bool HasRun { get; private set; }

    public HttpContent Content => _content;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_flushHeadersFirst)
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            ThrowIfEnded();
        }

        Begin();
        await _content.CopyToAsync(stream, context, cancellationToken).ConfigureAwait(false);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (_flushHeadersFirst)
        {
            stream.Flush();
            ThrowIfEnded();
        }

        Begin();
        _content.CopyTo(stream, context, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _content.Headers.ContentLength ?? 0;
        return _content.Headers.ContentLength.HasValue;
    }

    // The end may have been seen while the headers went out: then the body is still whole.
    private void ThrowIfEnded()
    {
        if (_exchange.HasEnded)
        {
            throw ConnectionEndedException.BeforeResponse();
        }
    }

    private void Begin()
    {
        HasRun = true;
        _exchange.CloseCheckoutWindow();
    }
}
