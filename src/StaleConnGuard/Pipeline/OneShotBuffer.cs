using System.Buffers;
using System.IO.Pipelines;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// Keeps a content that can be read only once in memory, up to a limit, by putting another in its place: bytes, when all of it fits;
/// otherwise what was read and then the rest, to be sent once. The content's headers go along; the content is disposed with its stand-in.
/// </summary>
internal static class OneShotBuffer
{
    /// <param name="request">The request.</param>
    /// <param name="limit">How many bytes may be kept.</param>
    /// <param name="unknownLength">Whether a content of unknown length may be held back until it is complete.</param>
    public static bool IsNeeded(HttpRequestMessage request, int limit, bool unknownLength) =>
        request.Content is HttpContent content
        && !BodyRepeatabilityClassifier.Classify(content).CanBeSentAgain()
        && (content.Headers.ContentLength is long length ? length <= limit : unknownLength)

        // Who waits for 100 must not be asked for the body before; a gRPC call may wait for an answer before it goes on.
        && request.Headers.ExpectContinue != true
        && !GrpcContent.Is(content);

    /// <summary>Any content: it is asked to write itself, and is held back when the limit is reached.</summary>
    public static async Task FillAsync(HttpRequestMessage request, int limit, CancellationToken cancellationToken)
    {
        HttpContent content = request.Content!;
        if (content.Headers.ContentLength is long length)
        {
            request.Content = await KeepAsync(content, (int)length, cancellationToken).ConfigureAwait(false);
            return;
        }

        // The pipe holds the writer back as soon as more has been written than may be kept.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: limit + 1L, resumeWriterThreshold: 1, useSynchronizationContext: false));
        _ = WriteAsync(content, pipe.Writer, cancellationToken);
        ReadResult read = await pipe.Reader.ReadAtLeastAsync(limit + 1, CancellationToken.None).ConfigureAwait(false);
        if (read.IsCompleted && read.Buffer.Length <= limit)
        {
            request.Content = new KeptContent(new ArraySegment<byte>(read.Buffer.ToArray()), content);
            await pipe.Reader.CompleteAsync().ConfigureAwait(false);
            return;
        }

        // Nothing is taken yet: what was written is there for the reader of the rest.
        pipe.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
        request.Content = new PrefixedContent(ArraySegment<byte>.Empty, pipe.Reader.AsStream(), content, heldBack: pipe.Writer);
    }

    // Never fails itself: whoever reads the pipe learns of it.
    private static async Task WriteAsync(HttpContent content, PipeWriter writer, CancellationToken cancellationToken)
    {
        try
        {
            await content.CopyToAsync(writer.AsStream(leaveOpen: true), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await writer.CompleteAsync(e).ConfigureAwait(false);
            return;
        }

        await writer.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>All of it fits: no more than its own bytes are needed. A content that declares itself empty is not asked.</summary>
    private static async Task<HttpContent> KeepAsync(HttpContent content, int length, CancellationToken cancellationToken)
    {
        if (length == 0)
        {
            return new KeptContent(ArraySegment<byte>.Empty, content);
        }

        // One that writes more than it says is found out here, as the runtime would have; one that writes less is found out by the runtime, which compares with the header.
        byte[] kept = GC.AllocateUninitializedArray<byte>(length);
        using var writer = new MemoryStream(kept);
        try
        {
            await content.CopyToAsync(writer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotSupportedException or HttpRequestException { InnerException: NotSupportedException })
        {
            throw new HttpRequestException($"The content wrote more than its Content-Length of {length} bytes.", e);
        }

        return new KeptContent(new ArraySegment<byte>(kept, 0, (int)writer.Position), content);
    }

    /// <summary>
    /// A synchronous content cannot be held back while it writes, so only a stream is kept: it can be read piecemeal. Every other content
    /// stays as it is and is sent once.
    /// </summary>
    public static void Fill(HttpRequestMessage request, int limit, CancellationToken cancellationToken)
    {
        HttpContent content = request.Content!;
        if (content.GetType() != typeof(StreamContent))
        {
            return;
        }

        Stream source = content.ReadAsStream(cancellationToken);
        byte[] kept = new byte[limit];
        int count = source.ReadAtLeast(kept, limit, throwOnEndOfStream: false);
        bool whole = count < limit || count == content.Headers.ContentLength;
        request.Content = whole
            ? new KeptContent(new ArraySegment<byte>(kept, 0, count), content)
            : new PrefixedContent(kept, source, content);
    }
}
