using System.Net;

namespace StaleConnGuard.Testing;

/// <summary>The body of a request on its way through a proxy: copied as it comes, once. A content type of its own, of which the guard knows nothing.</summary>
internal sealed class StreamedBody(Stream body) : HttpContent
{
    private int _copied;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _copied, 1) != 0)
        {
            throw new InvalidOperationException("The body has been copied before.");
        }

        // The headers do not wait for a client that is slow with its body.
        await stream.FlushAsync(cancellationToken);
        await body.CopyToAsync(stream, cancellationToken);
    }

    // The client's Content-Length, where it sent one, is among the headers.
    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
