using System.Net;

namespace StaleConnGuard.Exchanges;

/// <summary>Stands in for content whose request must be written to its end before the response is handed over; the runtime knows that by the base class.</summary>
internal sealed class GuardedStreamContent : StreamContent, IGuardedContent
{
    private readonly ContentRun _run;

    public GuardedStreamContent(ContentRun run)
        : base(Stream.Null)
    {
        _run = run;
        run.CopyHeadersTo(Headers);
    }

    public HttpContent AsContent => this;

    public HttpContent Content => _run.Content;

    public bool IsOf(Exchange exchange) => _run.IsOf(exchange);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        _run.CopyToAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _run.CopyToAsync(stream, context, cancellationToken);

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _run.CopyTo(stream, context, cancellationToken);

    protected override bool TryComputeLength(out long length) => _run.TryComputeLength(out length);
}
