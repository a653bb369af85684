namespace StaleConnGuard.Diagnosis;

/// <summary>One frame of a capture. The reader fills the same object again and again: what is kept of it must be copied.</summary>
internal sealed class CapturedFrame
{
    /// <summary>Counted from 1, as every tool counts.</summary>
    public long Number { get; set; }

    /// <summary>Nanoseconds since 1970; meaningless without <see cref="HasTime"/>.</summary>
    public long Time { get; set; }

    /// <summary>Whether the file says when it was captured: a Simple Packet Block of pcapng does not.</summary>
    public bool HasTime { get; set; } = true;

    public LinkType LinkType { get; set; }

    /// <summary>The interface it was captured on, where the file tells; 0 otherwise.</summary>
    public int Interface { get; set; }

    /// <summary>Its length on the wire; more than <see cref="Length"/> when the capture was truncated.</summary>
    public int OriginalLength { get; set; }

    /// <summary>The bytes; valid up to <see cref="Length"/>.</summary>
    public byte[] Bytes { get; private set; } = new byte[2048];

    public int Length { get; private set; }

    /// <summary>Room for so many bytes.</summary>
    public Span<byte> Resize(int length)
    {
        if (Bytes.Length < length)
        {
            Bytes = new byte[Math.Max(length, Bytes.Length * 2)];
        }

        Length = length;
        return Bytes.AsSpan(0, length);
    }
}
