using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// A stream that runs something before each write: with it a test closes the server's end in the very moment between the pool's
/// look at a connection and the request's first byte, which is the race, on loopback, every time.
/// </summary>
public sealed class HookedStream(Stream inner, Func<int, Task> beforeWrite) : PassThroughStream(inner)
{
    private int _writes;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        beforeWrite(_writes++).GetAwaiter().GetResult();
        Inner.Write(buffer);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await beforeWrite(_writes++);
        await Inner.WriteAsync(buffer, cancellationToken);
    }
}
