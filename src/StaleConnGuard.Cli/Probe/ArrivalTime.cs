using System.Diagnostics;
using System.Net.Sockets;

namespace StaleConnGuard.Cli;

/// <summary>
/// When something came from the peer, as a <see cref="Stopwatch"/> timestamp: by the kernel's word on Linux, which is exact however late
/// it is asked; elsewhere now, the moment at which a pending read ended.
/// </summary>
internal static class ArrivalTime
{
    public static long OfLastByte(Socket socket)
    {
        long now = Stopwatch.GetTimestamp();
        return TcpSnapshot.TryRead(socket, out TcpSnapshot info) ? Before(now, info.LastDataReceived) : now;
    }

    /// <summary>When the end came. A FIN carries an ACK; the close_notify of TLS may be here before the FIN, and is data; a reset is not dated.</summary>
    public static long OfEnd(Socket socket)
    {
        long now = Stopwatch.GetTimestamp();
        if (!TcpSnapshot.TryRead(socket, out TcpSnapshot info))
        {
            return now;
        }

        return info.State switch
        {
            TcpSnapshot.CloseWait => Before(now, info.LastAckReceived),
            TcpSnapshot.Established => Before(now, info.LastDataReceived),
            _ => now,
        };
    }

    private static long Before(long now, TimeSpan ago) => now - (long)(ago.TotalSeconds * Stopwatch.Frequency);
}
