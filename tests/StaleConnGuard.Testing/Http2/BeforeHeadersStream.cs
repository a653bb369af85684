namespace StaleConnGuard.Testing;

/// <summary>
/// Runs something before each write that has the headers of an HTTP/2 request: with it a test ends the connection in the very moment in which a request is about to be written. Sees
/// whole frames, as the runtime writes them.
/// </summary>
public sealed class BeforeHeadersStream(Stream inner, Func<Task> beforeHeaders) : PassThroughStream(inner)
{
    private static readonly byte[] s_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (HasHeaders(buffer.Span))
        {
            await beforeHeaders();
        }

        await Inner.WriteAsync(buffer, cancellationToken);
    }

    private static bool HasHeaders(ReadOnlySpan<byte> frames)
    {
        if (frames.StartsWith(s_preface))
        {
            frames = frames[s_preface.Length..];
        }

        while (frames.Length >= 9)
        {
            if (frames[3] == 1)
            {
                return true;
            }

            int length = 9 + ((frames[0] << 16) | (frames[1] << 8) | frames[2]);
            frames = frames[Math.Min(length, frames.Length)..];
        }

        return false;
    }
}
