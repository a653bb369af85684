using System.Net;

namespace StaleConnGuard.Exchanges;

/// <summary>Stands in for content of any kind.</summary>
internal sealed class GuardedContent : HttpContent, IGuardedContent
{
    private readonly ContentRun _run;

    private GuardedContent(ContentRun run)
    {
        _run = run;
        run.CopyHeadersTo(Headers);
    }

    public HttpContent AsContent => this;

    public HttpContent Content => _run.Content;

    public bool IsOf(Exchange exchange) => _run.IsOf(exchange);

    /// <summary>
    /// The stand-in for <paramref name="content"/>. On HTTP/2 the runtime asks the content, through a member that cannot be overridden, whether
    /// the response may be handed over while the request is still being written. Streams and multiparts say no, and their callers count on it.
    /// </summary>
    public static IGuardedContent For(HttpContent content, Exchange exchange, bool isOneShot, bool flushesHeaders)
    {
        var run = new ContentRun(content, exchange, isOneShot, flushesHeaders);
        return content is StreamContent or MultipartContent ? new GuardedStreamContent(run) : new GuardedContent(run);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        _run.CopyToAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _run.CopyToAsync(stream, context, cancellationToken);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _run.CopyTo(stream, context, cancellationToken);

    protected override bool TryComputeLength(out long length) => _run.TryComputeLength(out length);
}
