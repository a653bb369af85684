using System.Buffers.Binary;
using System.Text;

namespace StaleConnGuard.Testing.Otlp;

/// <summary>The fields of one protobuf message, in the order in which they stand: as much of the encoding as OTLP uses.</summary>
public sealed class ProtobufMessage
{
    private readonly List<(int Number, ulong Scalar, ReadOnlyMemory<byte> Bytes)> _fields = [];

    public ProtobufMessage(ReadOnlyMemory<byte> encoded)
    {
        int at = 0;
        while (at < encoded.Length)
        {
            ulong key = ReadVarint(encoded.Span, ref at);
            int number = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    _fields.Add((number, ReadVarint(encoded.Span, ref at), default));
                    break;
                case 1:
                    _fields.Add((number, BinaryPrimitives.ReadUInt64LittleEndian(encoded.Span[at..]), encoded.Slice(at, 8)));
                    at += 8;
                    break;
                case 2:
                    int length = (int)ReadVarint(encoded.Span, ref at);
                    _fields.Add((number, 0, encoded.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    _fields.Add((number, BinaryPrimitives.ReadUInt32LittleEndian(encoded.Span[at..]), encoded.Slice(at, 4)));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7} of field {number} is not known.");
            }
        }
    }

    public IEnumerable<ProtobufMessage> Messages(int field) => _fields.Where(f => f.Number == field).Select(f => new ProtobufMessage(f.Bytes));

    public ProtobufMessage? Message(int field) => Messages(field).FirstOrDefault();

    public bool Has(int field) => _fields.Exists(f => f.Number == field);

    public string Text(int field) => Encoding.UTF8.GetString(_fields.LastOrDefault(f => f.Number == field).Bytes.Span);

    public string Hex(int field) => Convert.ToHexStringLower(_fields.LastOrDefault(f => f.Number == field).Bytes.Span);

    public long Whole(int field) => (long)_fields.LastOrDefault(f => f.Number == field).Scalar;

    public double Floating(int field) => BitConverter.UInt64BitsToDouble(_fields.LastOrDefault(f => f.Number == field).Scalar);

    private static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }
    }
}
