namespace StaleConnGuard;

/// <summary>Scheme, host and port, and proxy if any, that a pooled connection leads to.</summary>
/// <param name="Scheme">Lower case.</param>
/// <param name="Host">Lower case.</param>
/// <param name="Port">The port.</param>
/// <param name="Proxy">The proxy's scheme, host and port, or null.</param>
internal readonly record struct OriginKey(string Scheme, string Host, int Port, string? Proxy)
{
    public override string ToString() => Proxy is null ? $"{Scheme}://{Host}:{Port}" : $"{Scheme}://{Host}:{Port} via {Proxy}";
}
