using System.Buffers.Binary;

namespace StaleConnGuard.Testing;

/// <summary>Writes numbers in one byte order.</summary>
internal sealed class NumberWriter(Stream file, bool isBigEndian)
{
    public void Write(params ReadOnlySpan<uint> numbers)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (uint number in numbers)
        {
            if (isBigEndian)
            {
                BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
            }

            file.Write(bytes);
        }
    }

    public void WriteShorts(params ReadOnlySpan<ushort> numbers)
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (ushort number in numbers)
        {
            if (isBigEndian)
            {
                BinaryPrimitives.WriteUInt16BigEndian(bytes, number);
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, number);
            }

            file.Write(bytes);
        }
    }
}
