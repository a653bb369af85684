using System.Net;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// A content larger than what is kept: what was read of it, then the rest as it comes. Can be sent once. Owns the content it stands for.
/// </summary>
internal sealed class PrefixedContent : HttpContent
{
    private readonly ArraySegment<byte> _prefix;
    private readonly HttpContent _original;
    private readonly OverflowStream? _heldBack;
    private readonly Task? _writer;
    private readonly Stream? _rest;
    private int _sent;

    /// <summary>The rest comes from a content that is writing itself and is held back.</summary>
    public PrefixedContent(OverflowStream heldBack, Task writer, HttpContent original)
        : this(heldBack.Kept, original)
    {
        _heldBack = heldBack;
        _writer = writer;
    }

    /// <summary>The rest comes from a stream.</summary>
    public PrefixedContent(ArraySegment<byte> prefix, Stream rest, HttpContent original)
        : this(prefix, original) => _rest = rest;

    private PrefixedContent(ArraySegment<byte> prefix, HttpContent original)
    {
        _prefix = prefix;
        _original = original;
        StandInHeaders.Copy(original, this);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        TakeOnce();
        await stream.WriteAsync(_prefix, cancellationToken).ConfigureAwait(false);
        if (_rest is not null)
        {
            await _rest.CopyToAsync(stream, cancellationToken).ConfigureAwait(false);
            return;
        }

        // The writer has the token of the request it was started for; this one may be another attempt's.
        _heldBack!.Release(stream);
        await _writer!.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        TakeOnce();
        stream.Write(_prefix);
        (_rest ?? throw new InvalidOperationException("The content was begun asynchronously and cannot be sent synchronously.")).CopyTo(stream);
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
            // The writer fails of it, and nobody may be left to look at that.
            _heldBack?.Abandon();
            _ = _writer?.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
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
