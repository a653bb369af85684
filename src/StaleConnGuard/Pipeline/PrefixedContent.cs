using System.IO.Pipelines;
using System.Net;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// A content larger than what is kept: what was read of it, then the rest as it comes. Can be sent once. Owns the content it stands for.
/// </summary>
internal sealed class PrefixedContent : HttpContent
{
    private const int PieceLength = 16 * 1024;

    private readonly ArraySegment<byte> _prefix;
    private readonly Stream _rest;
    private readonly PipeWriter? _heldBack;
    private readonly HttpContent _original;
    private int _sent;

    /// <param name="prefix">What was read.</param>
    /// <param name="rest">What was not.</param>
    /// <param name="original">The content it is all of.</param>
    /// <param name="heldBack">Where the content is writing, when it is held back until the rest is read.</param>
    public PrefixedContent(ArraySegment<byte> prefix, Stream rest, HttpContent original, PipeWriter? heldBack = null)
    {
        _prefix = prefix;
        _rest = rest;
        _original = original;
        _heldBack = heldBack;
        StandInHeaders.Copy(original, this);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        TakeOnce();
        await stream.WriteAsync(_prefix, cancellationToken).ConfigureAwait(false);
        byte[] piece = new byte[PieceLength];
        int count;
        while ((count = await _rest.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0)
        {
            // Flushed as it comes: what the content's writer has flushed is not kept back here.
            await stream.WriteAsync(piece.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        TakeOnce();
        stream.Write(_prefix);
        _rest.CopyTo(stream);
    }

    protected override bool TryComputeLength(out long length)
    {
        // A length that is known stands in the headers already.
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Nobody will ever take the rest: a writer that waits for that fails.
            _heldBack?.CancelPendingFlush();
            _rest.Dispose();
            _original.Dispose();
        }

        base.Dispose(disposing);
    }

    private void TakeOnce()
    {
        if (Interlocked.Exchange(ref _sent, 1) != 0)
        {
            throw new InvalidOperationException("The content can be read only once, and was larger than what is kept of it.");
        }
    }
}
