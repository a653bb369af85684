using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Common;

/// <summary>A stream whose reads find the end late, as on a machine that gives the process no processor: what is in the kernel is there, and nobody reads it.</summary>
internal sealed class LateEndStream(Stream inner, TimeSpan late) : PassThroughStream(inner)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        try
        {
            count = await Inner.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException)
        {
            await Task.Delay(late, cancellationToken);
            throw;
        }

        if (count == 0 && !buffer.IsEmpty)
        {
            await Task.Delay(late, cancellationToken);
        }

        return count;
    }
}
