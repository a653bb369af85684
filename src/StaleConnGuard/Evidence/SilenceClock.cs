using System.Runtime.InteropServices;

namespace StaleConnGuard.Evidence;

/// <summary>
/// Measures how long a peer has acknowledged nothing although data waits for it. A mutable struct owned by one connection's
/// <see cref="LivenessMonitor"/>; all times in <see cref="TimeSpan"/> ticks.
/// </summary>
/// <remarks>
/// Not <c>TCP_USER_TIMEOUT</c>: since Linux 5.11 that also cuts a peer that acknowledges every probe and merely keeps its window closed. A
/// server that is slow to read acknowledges, so it is never silent here.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct SilenceClock
{
    // Answers to the first probes of a closed window are rate-limited by the peer's kernel; three in a row are not.
    private const int UnansweredProbes = 3;

    private bool _runs;
    private long _since;
    private uint _acks;

    public void Reset() => _runs = false;

    /// <summary>How long the silence has lasted; 0 while there is none.</summary>
    /// <param name="info">The kernel's view, read now.</param>
    /// <param name="now">Now.</param>
    /// <param name="atMost">How long it can have lasted at most when this is the first sign of it; idle time before the write does not count.</param>
    public long Measure(in TcpSnapshot info, long now, long atMost)
    {
        if (!IsUnanswered(info))
        {
            _runs = false;
            return 0;
        }

        long sinceHeard = info.LastAckReceived.Ticks;
        if (!_runs)
        {
            _runs = true;
            _since = now - Math.Min(sinceHeard, atMost);
        }
        else if (sinceHeard < now - _since && HasAcknowledged(info))
        {
            // A peer that answers but takes nothing has no room: alive.
            _since = now - sinceHeard;
        }

        _acks = info.PureAcks;
        return now - _since;
    }

    /// <summary>
    /// Data alone is no answer: where only our direction is cut, the peer sends again what our acknowledgement of has not reached it.
    /// </summary>
    private readonly bool HasAcknowledged(in TcpSnapshot info) => info.PureAcks == 0 || info.PureAcks != _acks;

    private static bool IsUnanswered(in TcpSnapshot info) =>
        (info.Unacknowledged > 0 && info.Retransmits > 0) || info.Probes >= UnansweredProbes;
}
