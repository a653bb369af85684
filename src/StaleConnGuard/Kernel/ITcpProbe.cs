using System.Net.Sockets;

namespace StaleConnGuard.Kernel;

/// <summary>How the kernel is asked about a socket: a seam, so that what follows from its answers can be tested without one. Thread-safe.</summary>
internal interface ITcpProbe
{
    /// <summary>The kernel's view of this connection now. False when it cannot be had, whatever the reason; must not throw.</summary>
    bool TryRead(Socket socket, out TcpSnapshot snapshot);
}

/// <summary>Asks the kernel itself; on systems other than Linux, and of sockets that are no TCP sockets, nothing can be had.</summary>
internal sealed class KernelProbe : ITcpProbe
{
    public static KernelProbe Instance { get; } = new();

    public bool TryRead(Socket socket, out TcpSnapshot snapshot) => TcpSnapshot.TryRead(socket, out snapshot);
}

/// <summary>Stands for a kernel whose answer does not speak of the whole connection.</summary>
internal sealed class SilentProbe : ITcpProbe
{
    public static SilentProbe Instance { get; } = new();

    public bool TryRead(Socket socket, out TcpSnapshot snapshot)
    {
        snapshot = default;
        return false;
    }
}
