using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;

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

    /// <summary>
    /// On HTTP/2 headers that leave alone change what the server does: some answer before the body is there and reset its stream (HAProxy). The runtime has no other word
    /// for it than the name of its class.
    /// </summary>
    internal static bool IsShared(Stream stream) => stream.GetType().Name.StartsWith("Http2", StringComparison.Ordinal);

    public async Task CopyToAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (FlushesHeadersFirst && !IsShared(stream))
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (Confirms && exchange.Connection is IGuardedConnection connection)
            {
                await connection.WaitUntilTakenAsync(exchange, blocking: false, cancellationToken).ConfigureAwait(false);
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
            await RunAsync(stream, context, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && IsShared(stream))
        {
            if (await CancelledWriting.WhyAsync(stream).ConfigureAwait(false) is Exception why && SharedConnectionEndedException.FindIn(why) is not null)
            {
                ExceptionDispatchInfo.Throw(why);
            }

            // Cancelled for another reason: whoever did it knows.
            throw;
        }
        finally
        {
            exchange.ContentEnds();
        }
    }

    private Task RunAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // One that has begun on a shared connection goes on wherever the request is sent next.
        if (exchange.Shared is not SharedSend send || !(IsShared(stream) || send.Body is not null))
        {
            return content.CopyToAsync(stream, context, cancellationToken);
        }

        if (isOneShot)
        {
            return (send.Body ??= new RelayedBody()).SendAsync(content, stream, context, cancellationToken);
        }

        return GrpcUnaryContent.Is(content.GetType())
            ? RunKeepingAsync(send, stream, context, cancellationToken)
            : content.CopyToAsync(stream, context, cancellationToken);
    }

    private async Task RunKeepingAsync(SharedSend send, Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        bool isRepeated = send.Message is not null;
        KeptMessage message = send.Message ??= new KeptMessage();
        if (message.IsComplete)
        {
            await stream.WriteAsync(message.Bytes, cancellationToken).ConfigureAwait(false);
            return;
        }

        message.Begin();
        await content.CopyToAsync(new KeepingStream(stream, message), context, cancellationToken).ConfigureAwait(false);
        if (isRepeated && !message.HasBegun)
        {
            // An empty call must not go out in its place.
            throw new IOException("The gRPC message could not be written a second time.");
        }
    }

    public void CopyTo(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (FlushesHeadersFirst && !IsShared(stream))
        {
            stream.Flush();
            if (Confirms && exchange.Connection is IGuardedConnection connection)
            {
                connection.WaitUntilTakenAsync(exchange, blocking: true, cancellationToken).AsTask().GetAwaiter().GetResult();
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
