namespace StaleConnGuard.Testing;

/// <summary>Cuts HTTP/2 connections into random pieces, and makes some of them garbage: the scanner must find the same frames however they are cut, and none behind what is odd.</summary>
public static class FrameScannerFuzz
{
    // Of a connection's bytes: some frames, some of which have a payload that looks like frames.
    private const int MostFrames = 12;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Runs so many cases. Returns a description of the first that went wrong, or null.</summary>
    public static string? Run(long cases, int seed)
    {
        var random = new Random(seed);
        byte[] bytes = new byte[1 << 19];
        var expected = new List<FrameHeader>();
        var found = new List<FrameHeader>();
        for (long i = 0; i < cases; i++)
        {
            bool client = random.Next(2) == 0;
            expected.Clear();
            int length = Make(random, client, bytes, expected, out bool isOdd);
            found.Clear();
            FrameScanner scanner = client ? FrameScanner.OfClient() : FrameScanner.OfServer();
            for (int at = 0; at < length;)
            {
                int count = random.Next(4) == 0 ? random.Next(1, length - at + 1) : Math.Min(length - at, random.Next(1, 40));
                ReadOnlySpan<byte> piece = bytes.AsSpan(at, count);
                while (scanner.TryNext(ref piece, out FrameHeader header))
                {
                    found.Add(header);
                }

                if (!scanner.IsLost && !piece.IsEmpty)
                {
                    return $"case {i} of seed {seed}: bytes were left over";
                }

                at += count;
            }

            if (scanner.IsLost != isOdd)
            {
                return $"case {i} of seed {seed}: lost {scanner.IsLost}, odd {isOdd}";
            }

            if (!found.SequenceEqual(expected))
            {
                return $"case {i} of seed {seed}: {found.Count} frames found of {expected.Count}";
            }
        }

        return null;
    }

    private static int Make(Random random, bool client, byte[] bytes, List<FrameHeader> expected, out bool isOdd)
    {
        isOdd = false;
        int length = 0;
        if (client)
        {
            Preface.CopyTo(bytes);
            length = Preface.Length;
            if (random.Next(50) == 0)
            {
                bytes[random.Next(length)] ^= 0x20;
                isOdd = true;
            }
        }

        int frames = random.Next(1, MostFrames);
        for (int i = 0; i < frames; i++)
        {
            FrameHeader frame = i == 0 ? new FrameHeader(6 * random.Next(4), FrameHeader.Settings, 0, 0) : Draw(random);
            bool odd = random.Next(60) == 0;
            frame = odd ? MakeOdd(random, frame, isFirst: i == 0) : frame;
            isOdd |= odd;
            if (!isOdd)
            {
                expected.Add(frame);
            }

            length = Write(random, frame, bytes, length, cutShort: i == frames - 1 && random.Next(3) == 0);
        }

        return length;
    }

    private static FrameHeader Draw(Random random)
    {
        int stream = (random.Next(1 << 20) * 2) + 1;
        int payload = random.Next(5) == 0 ? random.Next(16385) : random.Next(60);
        return random.Next(8) switch
        {
            0 or 1 => new(payload, FrameHeader.Headers, (byte)random.Next(256), stream),
            2 or 3 => new(payload, FrameHeader.Data, (byte)random.Next(256), stream),
            4 => new(4, FrameHeader.ResetStream, 0, stream),
            5 => new(8 + random.Next(30), FrameHeader.GoAway, 0, 0),
            6 => new(4, 8, 0, random.Next(2) == 0 ? 0 : stream),
            _ => new(random.Next(40), (byte)random.Next(11, 256), (byte)random.Next(256), random.Next(1 << 20)),
        };
    }

    private static FrameHeader MakeOdd(Random random, in FrameHeader frame, bool isFirst) => random.Next(4) switch
    {
        0 => frame with { Length = random.Next(16385, 1 << 16) },
        1 when isFirst => frame with { Type = FrameHeader.Headers, StreamId = 1 },
        1 => new(10, FrameHeader.Data, 0, random.Next(1000) * 2),
        2 => frame with { Type = FrameHeader.Settings, StreamId = 1 },
        _ => new(20, FrameHeader.PushPromise, 4, 1),
    };

    private static int Write(Random random, in FrameHeader frame, byte[] bytes, int at, bool cutShort)
    {
        bytes[at] = (byte)(frame.Length >> 16);
        bytes[at + 1] = (byte)(frame.Length >> 8);
        bytes[at + 2] = (byte)frame.Length;
        bytes[at + 3] = frame.Type;
        bytes[at + 4] = frame.Flags;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at + 5), frame.StreamId);
        if (random.Next(4) == 0)
        {
            // The bit in front of a stream id is reserved, and means nothing (RFC 9113 4.1).
            bytes[at + 5] |= 0x80;
        }

        at += FrameHeader.Size;
        int count = cutShort ? random.Next(frame.Length + 1) : frame.Length;
        random.NextBytes(bytes.AsSpan(at, Math.Min(count, 64)));
        return at + count;
    }
}
