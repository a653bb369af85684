using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>
/// Knows a packet that was captured twice (<c>-i any</c>, a bridge, a mirror port) from one that was sent twice. A mutable struct; one for each direction.
/// </summary>
/// <remarks>
/// A packet sent again has another IPv4 identification or another TCP time stamp. One that has neither is a copy only if it was captured at
/// another place, or at the same moment.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct DuplicateFilter
{
    private const int Remembered = 8;
    private const long LongestWay = 1_000_000_000;
    private const long SameMoment = 100_000;

    private Ring _ring;
    private int _next;

    public bool IsCopy(in TcpSegment segment)
    {
        for (int i = 0; i < Remembered; i++)
        {
            ref readonly Seen seen = ref _ring[i];
            if (seen.Fingerprint == segment.Fingerprint && seen.Frame > 0 && IsCopyOf(seen, segment))
            {
                return true;
            }
        }

        _ring[_next] = new Seen(segment.Fingerprint, segment.Time, segment.Frame, segment.CapturedAt);
        _next = (_next + 1) % Remembered;
        return false;
    }

    private static bool IsCopyOf(in Seen seen, in TcpSegment segment)
    {
        long later = Math.Abs(segment.Time - seen.Time);
        return (segment.IsNumbered || segment.CapturedAt != seen.CapturedAt) ? later <= LongestWay : later <= SameMoment;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Seen(ulong Fingerprint, long Time, long Frame, int CapturedAt);

    [InlineArray(Remembered)]
    private struct Ring
    {
        private Seen _first;
    }
}
