namespace StaleConnGuard.Exchanges;

/// <summary>
/// When an HTTP/2 connection ends, the runtime cancels the writing of its requests' contents. A content that finds out before it writes says only that, and the evidence
/// would be lost with it. The runtime's stream knows; once it has been cancelled, it writes nothing any more, and says why.
/// </summary>
internal static class CancelledWriting
{
    /// <summary>What the runtime's stream, cancelled, fails with; null when it was cancelled for a reason that it does not know.</summary>
    public static async Task<Exception?> WhyAsync(Stream stream)
    {
        try
        {
            await stream.WriteAsync(new byte[1], CancellationToken.None).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (HttpRequestException e) when (e.InnerException is null)
        {
            // No more fits into the length that was declared, which is said before anything else. A flush has no length.
            return await WhyNotFlushedAsync(stream).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            return e;
        }
    }

    private static async Task<Exception?> WhyNotFlushedAsync(Stream stream)
    {
        try
        {
            await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
