using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Kernel;

/// <summary>
/// The kernel's view of one TCP connection: the part of Linux' <c>struct tcp_info</c> that the guard asks for. Read on failure
/// once in a connection's life, and while a request has waited for long, never per request.
/// </summary>
/// <param name="State">TCP state as Linux numbers it.</param>
/// <param name="Retransmits">How often the oldest unacknowledged segment was sent again because its timer ran out; 0 as soon as anything is acknowledged.</param>
/// <param name="Probes">Probes (of a closed window, or keep-alive) that were sent in a row and not answered.</param>
/// <param name="Unacknowledged">Segments sent and not acknowledged.</param>
/// <param name="RoundTrip">The smoothed round trip.</param>
/// <param name="TotalRetransmits">Segments sent again in the connection's life, for whatever reason; wraps around.</param>
/// <param name="LastDataReceived">Time since the last byte came from the peer, whenever it was read.</param>
/// <param name="LastAckReceived">Time since the last segment that carried an ACK came; a FIN carries one.</param>
/// <param name="PureAcks">Segments without data that came in the connection's life; 0 on kernels before 4.6, which do not count them. Wraps around.</param>
/// <param name="BytesAcknowledged">Bytes of the stream the peer's kernel has acknowledged.</param>
/// <param name="RoundTripVariation">The smoothed mean deviation of the round trip.</param>
/// <param name="LastDataSent">Time since the last byte, or a repetition of it, left for the peer.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TcpSnapshot(
    byte State,
    byte Retransmits,
    byte Probes,
    uint Unacknowledged,
    TimeSpan RoundTrip,
    uint TotalRetransmits,
    TimeSpan LastDataReceived,
    TimeSpan LastAckReceived,
    uint PureAcks,
    ulong BytesAcknowledged,
    TimeSpan RoundTripVariation = default,
    TimeSpan LastDataSent = default)
{
    public const byte Established = 1;
    public const byte Close = 7;
    public const byte CloseWait = 8;

    // include/uapi/linux/tcp.h: the struct only ever grows at its end, so these offsets hold on every kernel that has the field.
    private const int IpProtoTcp = 6;
    private const int TcpInfoOption = 11;

    // include/uapi/asm-generic/socket.h: SOL_SOCKET, SO_PROTOCOL; include/uapi/linux/in.h: IPPROTO_MPTCP.
    private const int SocketLevel = 1;
    private const int ProtocolOption = 38;
    private const int Multipath = 262;
    private const int RetransmitsOffset = 2;
    private const int ProbesOffset = 3;
    private const int UnacknowledgedOffset = 24;
    private const int LastDataSentOffset = 44;
    private const int LastDataReceivedOffset = 52;
    private const int LastAckReceivedOffset = 56;
    private const int RoundTripOffset = 68;
    private const int RoundTripVariationOffset = 72;
    private const int TotalRetransmitsOffset = 100;
    private const int BytesAcknowledgedOffset = 120;
    private const int SegmentsInOffset = 140;
    private const int DataSegmentsInOffset = 152;
    private const int SizeNeeded = BytesAcknowledgedOffset + sizeof(ulong);
    private const int SizeWanted = DataSegmentsInOffset + sizeof(uint);

    /// <summary>Whether this system has a kernel that can be asked. Each socket may still refuse.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>What hardly any round trip exceeds, as the retransmission timer reckons it (RFC 6298 2.3).</summary>
    public TimeSpan LongRoundTrip => RoundTrip + (4 * RoundTripVariation);

    /// <summary>The connection may have several paths (RFC 8684). An application that knows nothing of it gets such sockets when it is started by <c>mptcpize</c>.</summary>
    public static bool IsMultipath(Socket socket)
    {
        if (!IsSupported)
        {
            return false;
        }

        try
        {
            Span<byte> protocol = stackalloc byte[sizeof(int)];
            return socket.GetRawSocketOption(SocketLevel, ProtocolOption, protocol) == sizeof(int) && MemoryMarshal.Read<int>(protocol) == Multipath;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>
    /// False when the system is not Linux, the kernel is older than 4.2 or does not count, or the socket is no open TCP socket. Of a socket that connected, not of
    /// one that was accepted: there a kernel that counts may not have begun.
    /// </summary>
    public static bool TryRead(Socket socket, out TcpSnapshot info)
    {
        info = default;
        if (!IsSupported)
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[SizeWanted];
        try
        {
            int size = socket.GetRawSocketOption(IpProtoTcp, TcpInfoOption, raw);
            return TryParse(raw[..size], out info);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>What a kernel answered; false when it is too short, or was not answered by a kernel that counts.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> raw, out TcpSnapshot info)
    {
        info = default;
        if (raw.Length < SizeNeeded)
        {
            return false;
        }

        // Linux counts the SYN of a socket that connects, so this is 1 before anything is written. Sandboxes that play Linux (gVisor) fill the state in and leave
        // zeros for what they do not count: "nothing acknowledged" would be claimed of every request.
        ulong acknowledged = MemoryMarshal.Read<ulong>(raw[BytesAcknowledgedOffset..]);
        if (acknowledged == 0)
        {
            return false;
        }

        info = new TcpSnapshot(
            raw[0],
            raw[RetransmitsOffset],
            raw[ProbesOffset],
            MemoryMarshal.Read<uint>(raw[UnacknowledgedOffset..]),
            TimeSpan.FromMicroseconds(MemoryMarshal.Read<uint>(raw[RoundTripOffset..])),
            MemoryMarshal.Read<uint>(raw[TotalRetransmitsOffset..]),
            TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(raw[LastDataReceivedOffset..])),
            TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(raw[LastAckReceivedOffset..])),
            raw.Length < SizeWanted ? 0 : MemoryMarshal.Read<uint>(raw[SegmentsInOffset..]) - MemoryMarshal.Read<uint>(raw[DataSegmentsInOffset..]),
            acknowledged,
            TimeSpan.FromMicroseconds(MemoryMarshal.Read<uint>(raw[RoundTripVariationOffset..])),
            TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(raw[LastDataSentOffset..])));
        return true;
    }
}
