namespace StaleConnGuard.Exchanges;

/// <summary>Passes a message on to the runtime's stream, which owns itself, and keeps it.</summary>
internal sealed class KeepingStream(Stream inner, KeptMessage message) : WriteOnlyStream
{
    public override void Write(byte[] buffer, int offset, int count)
    {
        message.Add(buffer.AsSpan(offset, count));
        inner.Write(buffer, offset, count);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        message.Add(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
}
