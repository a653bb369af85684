using System.Net;
using System.Net.Http.Headers;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// One run of a request's content for one exchange: gets the headers out before the content is touched, where the connection is not known
/// to be good, so that one that is refused at its first write, or turns out closed, is found while the body is still whole; and tells the
/// exchange while application code runs.
/// </summary>
internal sealed class ContentRun(HttpContent content, Exchange exchange, bool isOneShot, bool flushesHeaders)
{
    public HttpContent Content => content;

    // Content that can be restarted needs no word that it will arrive.
    private bool Confirms => isOneShot && exchange.Settings.ConfirmOneShotBody;

    // A connection that the pool has looked at is not refused any more, so without confirming the headers need no packet of their own on it.
    private bool FlushesHeadersFirst => flushesHeaders && (Confirms || !exchange.IsGranted);

    public bool IsOf(Exchange other) => ReferenceEquals(exchange, other);

    public void CopyHeadersTo(HttpContentHeaders headers)
    {
        // Asked for first because asking computes it: only then is it among the headers that are copied.
        long? length = content.Headers.ContentLength;
        foreach (KeyValuePair<string, HeaderStringValues> header in content.Headers.NonValidated)
        {
            headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        headers.ContentLength = length;
    }

    public bool TryComputeLength(out long length)
    {
        length = content.Headers.ContentLength ?? 0;
        return content.Headers.ContentLength.HasValue;
    }

    // A content that declares itself empty is not run: it stays whole, whatever becomes of the exchange.
    private bool IsEmpty => content.Headers.ContentLength == 0;

    public async Task CopyToAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (FlushesHeadersFirst)
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (Confirms && exchange.Connection is IGuardedConnection connection)
            {
                await connection.WaitUntilTakenAsync(exchange, cancellationToken).ConfigureAwait(false);
            }

            ThrowIfEnded();
        }

        if (IsEmpty)
        {
            return;
        }

        exchange.ContentBegins();
        try
        {
            await content.CopyToAsync(stream, context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            exchange.ContentEnds();
        }
    }

    public void CopyTo(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (FlushesHeadersFirst)
        {
            stream.Flush();
            if (Confirms && exchange.Connection is IGuardedConnection connection)
            {
                connection.WaitUntilTakenAsync(exchange, cancellationToken).AsTask().GetAwaiter().GetResult();
            }

            ThrowIfEnded();
        }

        if (IsEmpty)
        {
            return;
        }

        exchange.ContentBegins();
        try
        {
            content.CopyTo(stream, context, cancellationToken);
        }
        finally
        {
            exchange.ContentEnds();
        }
    }

    // The end may have been seen while the headers went out: then the body is still whole.
    private void ThrowIfEnded()
    {
        if (exchange.HasEnded)
        {
            throw ConnectionEndedException.BeforeResponse(exchange);
        }
    }
}
