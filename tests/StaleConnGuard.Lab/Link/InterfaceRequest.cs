using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace StaleConnGuard.Lab;

/// <summary>The kernel's request about a network interface (netdevice(7)): a name, and a value behind it.</summary>
internal static unsafe class InterfaceRequest
{
    public const int Size = 40;
    public const int NameSize = 16;

    /// <summary>Empties it and names the interface.</summary>
    public static void Begin(byte* request, string name)
    {
        new Span<byte>(request, Size).Clear();
        _ = Encoding.ASCII.GetBytes(name, new Span<byte>(request, NameSize - 1));
    }

    public static void WriteAddress(byte* request, IPAddress address)
    {
        var socketAddress = new Span<byte>(request + NameSize, Size - NameSize);
        socketAddress.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(socketAddress, (ushort)AddressFamily.InterNetwork);
        _ = address.TryWriteBytes(socketAddress[4..], out _);
    }

    /// <exception cref="Win32Exception">The kernel refuses.</exception>
    public static void Send(nuint what, byte* request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        if (Native.Control((int)socket.Handle, what, request) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"A network interface cannot be configured (0x{what:x}): {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
