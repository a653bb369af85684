using System.Buffers.Binary;
using System.Net.Sockets;

namespace StaleConnGuard.Kernel;

/// <summary>
/// What is set on each TCP socket so that the kernel finds out about a silent peer. Best effort: a system that does not know an option
/// goes without it. Immutable.
/// </summary>
internal sealed record SocketTuning(TcpKeepAliveOptions? KeepAlive, TimeSpan UnacknowledgedDataTimeout)
{
    private const int IpProtoTcp = 6;

    // netinet/tcp.h of macOS: seconds that unacknowledged data is sent again before the connection is dropped.
    private const int MacRetransmitDropTime = 0x80;

    // ws2ipdef.h: TCP_MAXRT, the same in seconds.
    private const int WindowsMaxRetransmitTime = 5;

    public static SocketTuning From(TransportOptions options) => new(
        options.TcpKeepAlive.Enabled
            ? new TcpKeepAliveOptions { Time = options.TcpKeepAlive.Time, Interval = options.TcpKeepAlive.Interval, Probes = options.TcpKeepAlive.Probes }
            : null,
        options.UnacknowledgedDataTimeout);

    /// <summary>The option of TCP by which a system's kernel drops a connection of which nothing is acknowledged; null where there is none, or none is wanted.</summary>
    internal static int? DropTimeOption(bool isWindows, bool isMacOS) => isWindows ? WindowsMaxRetransmitTime : isMacOS ? MacRetransmitDropTime : null;

    /// <summary>Of a socket that the guard made.</summary>
    public void Apply(Socket socket)
    {
        try
        {
            SetKeepAlive(socket);
            SetDropTime(socket);
        }
        catch (Exception e) when (e is SocketException or PlatformNotSupportedException)
        {
            // The connection works without; only a dead one is found later.
        }
    }

    /// <summary>Of a socket that the application made: keep-alive that is on already is the application's, values included.</summary>
    public void ApplyToForeign(Socket socket)
    {
        if (socket.ProtocolType is not ProtocolType.Tcp || socket.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
        {
            return;
        }

        try
        {
            if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive) is 0)
            {
                SetKeepAlive(socket);
            }

            SetDropTime(socket);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or PlatformNotSupportedException)
        {
            // As above; a socket that is gone already fails where the runtime uses it.
        }
    }

    private void SetKeepAlive(Socket socket)
    {
        if (KeepAlive is null)
        {
            return;
        }

        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Seconds(KeepAlive.Time));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Seconds(KeepAlive.Interval));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAlive.Probes);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    }

    /// <summary>Where the kernel cannot be asked about acknowledgements; on Linux the watch does it, because the kernel's own timeout cuts servers that merely do not read.</summary>
    private void SetDropTime(Socket socket)
    {
        if (UnacknowledgedDataTimeout == Timeout.InfiniteTimeSpan)
        {
            return;
        }

        if (DropTimeOption(OperatingSystem.IsWindows(), OperatingSystem.IsMacOS()) is int option)
        {
            Span<byte> seconds = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(seconds, Seconds(UnacknowledgedDataTimeout));
            socket.SetRawSocketOption(IpProtoTcp, option, seconds);
        }
    }

    // The systems count in whole seconds.
    private static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
