namespace StaleConnGuard;

/// <summary>What an early look at a request on a reused connection finds.</summary>
internal enum EarlyFinding
{
    /// <summary>Something came back, or the peer's kernel has bytes of the request: it is at work, however long it takes.</summary>
    Alive,

    /// <summary>Sent again and again, and nothing acknowledged, on a connection that had been idle: dead.</summary>
    Dead,

    /// <summary>Nothing acknowledged yet, and too soon to say more.</summary>
    TooSoon,
}

/// <summary>
/// Is a connection that was taken again after a pause dead? Told from the kernel's view a few round trips after the write: the
/// retransmission timer is never shorter than 200 ms nor than the round trip (RFC 6298), and it doubles, so the second retransmission
/// comes after three of them without a word.
/// </summary>
internal static class EarlySuspicion
{
    private const int RetransmitsOfTheDead = 2;

    /// <param name="info">The kernel's view.</param>
    /// <param name="acknowledgedBefore">What had been acknowledged at most before the request.</param>
    /// <param name="age">How long ago the request began to be written.</param>
    public static EarlyFinding Judge(in TcpInfo info, ulong acknowledgedBefore, TimeSpan age)
    {
        if (info.State != TcpInfo.Established)
        {
            // It has ended already; the reading side says how.
            return EarlyFinding.Alive;
        }

        if (info.BytesAcknowledged > acknowledgedBefore || info.LastDataReceived < age)
        {
            return EarlyFinding.Alive;
        }

        if (info.Unacknowledged > 0 && info.Retransmits >= RetransmitsOfTheDead)
        {
            return EarlyFinding.Dead;
        }

        return EarlyFinding.TooSoon;
    }
}
