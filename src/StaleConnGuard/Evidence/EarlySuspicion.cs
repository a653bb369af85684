using System.Runtime.InteropServices;

namespace StaleConnGuard.Evidence;

/// <summary>What an early look at a request on a reused connection finds.</summary>
internal enum EarlyFinding
{
    /// <summary>The connection has ended by itself; the reading side says how.</summary>
    Ended,

    /// <summary>Bytes came back, or the peer's kernel has bytes of the request: it is at work, however long it takes.</summary>
    Alive,

    /// <summary>Sent at least three times, and nothing acknowledged, on a connection that had been idle.</summary>
    Dead,

    /// <summary>Nothing acknowledged yet, and too soon to say more.</summary>
    TooSoon,
}

/// <summary>
/// Is a connection that was taken again after a pause dead? Told from the kernel's view a few round trips after the write. A mutable struct
/// owned by one connection's <see cref="LivenessMonitor"/>; one request at a time.
/// </summary>
/// <remarks>
/// The retransmission timer is never shorter than 200 ms nor than the round trip (RFC 6298; Linux' own minimum), and it doubles. Linux sends again once before it
/// runs out for the first time (the tail loss probe, RFC 8985), which only the count of all retransmissions shows. So the kernel
/// has sent three times, and waited twice for longer than a round trip, when the timer has run out once after a probe, or twice.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct EarlySuspicion
{
    private const int Resent = 2;

    private bool _looked;
    private uint _retransmitsBefore;
    private long _resentSince;

    /// <summary>Another request.</summary>
    public void Reset() => this = default;

    /// <param name="info">The kernel's view, read now.</param>
    /// <param name="acknowledgedBefore">What had been acknowledged at most before the request.</param>
    /// <param name="age">How long ago the request began to be written.</param>
    public EarlyFinding Judge(in TcpSnapshot info, ulong acknowledgedBefore, TimeSpan age)
    {
        if (!_looked)
        {
            _looked = true;
            _retransmitsBefore = info.TotalRetransmits - info.Retransmits;
        }

        if (info.State != TcpSnapshot.Established)
        {
            return EarlyFinding.Ended;
        }

        if (info.BytesAcknowledged > acknowledgedBefore || info.LastDataReceived < age)
        {
            return EarlyFinding.Alive;
        }

        if (info.Unacknowledged == 0 || info.Retransmits == 0 || info.TotalRetransmits - _retransmitsBefore < Resent)
        {
            return EarlyFinding.TooSoon;
        }

        if (info.Retransmits >= Resent)
        {
            return EarlyFinding.Dead;
        }

        // The last of the three may still be answered.
        _resentSince = _resentSince == 0 ? age.Ticks : _resentSince;
        return age.Ticks - _resentSince >= 2 * info.RoundTrip.Ticks ? EarlyFinding.Dead : EarlyFinding.TooSoon;
    }
}
