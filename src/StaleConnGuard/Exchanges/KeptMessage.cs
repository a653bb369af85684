using System.Buffers.Binary;

namespace StaleConnGuard.Exchanges;

/// <summary>
/// The message of a unary gRPC call as it was written first, to be written again: with retries configured, gRPC's content writes its message once and nothing when it is run a second
/// time. Driven by one request.
/// </summary>
internal sealed class KeptMessage
{
    // What is larger is left to the content: it costs more to keep than it is worth.
    private const int Largest = 64 * 1024;

    // A byte that says whether it is compressed, and the length (gRPC over HTTP/2, "Length-Prefixed-Message").
    private const int PrefixLength = 5;

    private byte[] _bytes = [];
    private bool _isTooLarge;

    /// <summary>Something was written since it began.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>The whole of it.</summary>
    public bool IsComplete =>
        !_isTooLarge && _bytes.Length >= PrefixLength && BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(1)) == _bytes.Length - PrefixLength;

    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The content is run, from its start.</summary>
    public void Begin()
    {
        _bytes = [];
        _isTooLarge = false;
        HasBegun = false;
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        HasBegun |= !bytes.IsEmpty;
        _isTooLarge |= _bytes.Length + bytes.Length > Largest;
        _bytes = _isTooLarge ? [] : [.. _bytes, .. bytes];
    }
}
