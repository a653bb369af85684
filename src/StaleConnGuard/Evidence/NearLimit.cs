namespace StaleConnGuard.Evidence;

/// <summary>
/// Whether a connection may be taken at an idle age that lies within the whole margin, below the limit that was measured: what the kernel says of it.
/// </summary>
internal static class NearLimit
{
    /// <summary>
    /// The server's idle clock starts when it has written its answer: after our request came to it, and before its answer came here. So the time since our own last byte left is
    /// never less than the server's idle age at the moment a request sent now comes to it, whatever the way back, a slow reader or a late thread did to our own clock; only a
    /// change of the way there is not in it, which the margin has to cover.
    /// </summary>
    /// <param name="info">The kernel's view of the connection, now.</param>
    /// <param name="limitTicks">The highest idle age, in <see cref="TimeSpan"/> ticks.</param>
    public static bool IsSurelyOpen(in TcpSnapshot info, long limitTicks)
    {
        if (info.State != TcpSnapshot.Established || info.Unacknowledged > 0)
        {
            return false;
        }

        // A way that loses packets delays one by 200 ms or more: no small margin covers that.
        if (info.TotalRetransmits > 0)
        {
            return false;
        }

        return Math.Max(info.LastDataSent.Ticks, info.LastDataReceived.Ticks) <= limitTicks;
    }
}
