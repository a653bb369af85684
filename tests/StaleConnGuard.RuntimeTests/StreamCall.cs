namespace StaleConnGuard.RuntimeTests;

/// <summary>One call of the runtime on the stream of a connection.</summary>
/// <param name="Kind"><c>read</c>, <c>write</c> or <c>dispose</c>.</param>
/// <param name="Length">Of the buffer.</param>
/// <param name="Sender">The request in whose execution context it was made; null when in that of none.</param>
/// <param name="Span">The name of the current activity.</param>
/// <param name="Bytes">What was to be written.</param>
internal sealed record StreamCall(string Kind, int Length, string? Sender, string? Span, byte[] Bytes)
{
    public string Text => System.Text.Encoding.ASCII.GetString(Bytes);

    public override string ToString() => $"{Kind} {Length} by {Sender ?? "nobody"}";
}
