using System.Buffers.Binary;

namespace StaleConnGuard.Testing;

/// <summary>Takes frames out of a capture that tcpdump wrote here (classic pcap in this machine's byte order).</summary>
internal static class PcapEditor
{
    private const int FileHeader = 24;
    private const int FrameHeader = 16;

    /// <summary>How many frames there are.</summary>
    public static int Count(byte[] capture) => Frames(capture).Count();

    /// <summary>The capture with the frames of those numbers only, counted from 0.</summary>
    public static byte[] Only(byte[] capture, Func<int, bool> keep)
    {
        var edited = new List<byte>(capture.Length);
        edited.AddRange(capture.AsSpan(0, FileHeader));
        int number = 0;
        foreach ((int at, int length) in Frames(capture))
        {
            if (keep(number++))
            {
                edited.AddRange(capture.AsSpan(at, length));
            }
        }

        return [.. edited];
    }

    private static IEnumerable<(int At, int Length)> Frames(byte[] capture)
    {
        for (int at = FileHeader; at + FrameHeader <= capture.Length;)
        {
            int length = FrameHeader + BinaryPrimitives.ReadInt32LittleEndian(capture.AsSpan(at + 8));
            yield return (at, length);
            at += length;
        }
    }
}
