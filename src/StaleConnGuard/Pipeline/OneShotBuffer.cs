using System.Diagnostics.CodeAnalysis;

namespace StaleConnGuard.Pipeline;

/// <summary>
/// Keeps a content that can be read only once in memory, up to a limit, by putting another in its place: bytes, when all of it fits;
/// otherwise what was read and then the rest, to be sent once. The content's headers go along; the content is disposed with its stand-in.
/// </summary>
internal static class OneShotBuffer
{
    public static bool IsNeeded([NotNullWhen(true)] HttpContent? content, int limit) =>
        content is not null
        && !BodyRepeatabilityClassifier.Classify(content).CanBeSentAgain()
        && !(content.Headers.ContentLength > limit);

    /// <summary>Any content: it is asked to write itself, and is held back when the limit is reached.</summary>
    public static async Task FillAsync(HttpRequestMessage request, int limit, CancellationToken cancellationToken)
    {
        HttpContent content = request.Content!;
        var buffer = new OverflowStream(limit);
        Task copy = content.CopyToAsync(buffer, cancellationToken);
        await Task.WhenAny(copy, buffer.Overflowed).ConfigureAwait(false);
        if (copy.IsCompleted)
        {
            await copy.ConfigureAwait(false);
            request.Content = new KeptContent(buffer.Kept, content);
            return;
        }

        request.Content = new PrefixedContent(buffer, copy, content);
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
        bool whole = count < limit;
        request.Content = whole
            ? new KeptContent(new ArraySegment<byte>(kept, 0, count), content)
            : new PrefixedContent(kept, source, content);
    }
}
