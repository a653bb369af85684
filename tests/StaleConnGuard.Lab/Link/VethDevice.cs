using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Lab;

/// <summary>
/// One of two virtual Ethernet devices that are tied to each other. The kernel routes packets to the first; a packet socket on the second takes them, and sends what
/// is to arrive at the first. It needs no <c>/dev/net/tun</c>, so it can be had in a user namespace where that may not be opened. Both devices are gone
/// when this is disposed, and with their namespace.
/// </summary>
internal sealed unsafe class VethDevice : ILinkEnd
{
    private const int HardwareAddressSize = 6;
    private const int LinkAddressSize = 20;

    // SOL_SOCKET, SO_RCVBUF.
    private const int SocketLevel = 1;
    private const int ReceiveBuffer = 8;

    // What a socket holds by itself is some two hundred packets. A burst of all workers is more, when the loop had to wait for a processor; and a lost SYN is sent again after a second.
    private const int ReceiveBufferSize = 4 * 1024 * 1024;

    private readonly SafeFileHandle _packets;
    private readonly RouteSocket _routes;
    private readonly string _tap;
    private readonly int _tapIndex;
    private readonly byte[] _destination = new byte[LinkAddressSize];

    private VethDevice(SafeFileHandle packets, RouteSocket routes, string name, string tap, int tapIndex)
    {
        _packets = packets;
        _routes = routes;
        Name = name;
        _tap = tap;
        _tapIndex = tapIndex;
    }

    public string Name { get; }

    public int Descriptor => (int)_packets.DangerousGetHandle();

    /// <summary>Makes both; null when a device of that name is taken by somebody else.</summary>
    /// <exception cref="Win32Exception">They cannot be made.</exception>
    public static VethDevice? TryOpen(string name)
    {
        string tap = $"p{name}";
        var routes = new RouteSocket();
        SafeFileHandle? packets = null;
        try
        {
            if (!routes.TryAddPair(name, tap))
            {
                routes.Dispose();
                return null;
            }

            packets = new SafeFileHandle(Native.OpenSocket(Native.PacketFamily, Native.DatagramSocket | Native.OpenNonBlocking | Native.OpenCloseOnExec, InNetworkOrder(Native.EthernetIPv4)), ownsHandle: true);
            if (packets.IsInvalid)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError(), $"A packet socket cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            // As much of it as the system allows (net.core.rmem_max).
            int size = ReceiveBufferSize;
            _ = Native.SetSocketOption((int)packets.DangerousGetHandle(), SocketLevel, ReceiveBuffer, &size, sizeof(int));
            return new VethDevice(packets, routes, name, tap, IndexOf(tap));
        }
        catch
        {
            packets?.Dispose();
            routes.Dispose();
            throw;
        }
    }

    public void Up(IPAddress local, IPAddress peer)
    {
        // What is sent must be whole when it is taken from the other side: with the checksum in it and not larger than a packet may be.
        SwitchOff(Name, Native.SetTransmitChecksums);
        SwitchOff(Name, Native.SetSegmentation);
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, Name);
        InterfaceRequest.WriteAddress(request, local);
        InterfaceRequest.Send(Native.SetInterfaceAddress, request);

        // The two addresses of a link and no other: it is no point-to-point device, which would have the peer's for itself.
        InterfaceRequest.WriteAddress(request, IPAddress.Parse("255.255.255.252"));
        InterfaceRequest.Send(Native.SetInterfaceMask, request);

        // Nobody there answers the question who has an address, and nobody needs to.
        SwitchOnWithoutResolution(_tap);
        SwitchOnWithoutResolution(Name);
        Listen();
    }

    public int Read(byte[] buffer)
    {
        fixed (byte* start = buffer)
        {
            return (int)Math.Max(0, Native.Read(Descriptor, start, (nuint)buffer.Length));
        }
    }

    public void Write(ReadOnlySpan<byte> packet)
    {
        fixed (byte* start = packet)
        {
            fixed (byte* destination = _destination)
            {
                _ = Native.SendTo(Descriptor, start, (nuint)packet.Length, 0, destination, LinkAddressSize);
            }
        }
    }

    public void Dispose()
    {
        _packets.Dispose();
        _routes.Remove(_tapIndex);
        _routes.Dispose();
    }

    // struct sockaddr_ll: family, protocol, index, hardware type, packet type, length of the address, the address.
    private void Listen()
    {
        Span<byte> address = _destination;
        BinaryPrimitives.WriteUInt16LittleEndian(address, Native.PacketFamily);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], Native.EthernetIPv4);
        BinaryPrimitives.WriteInt32LittleEndian(address[4..], _tapIndex);
        fixed (byte* start = _destination)
        {
            if (Native.Bind(Descriptor, start, LinkAddressSize) < 0)
            {
                throw new Win32Exception(Marshal.GetLastPInvokeError(), $"A packet socket cannot be bound: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }

        // What is sent there is for the first device: it drops what is addressed to others.
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, Name);
        InterfaceRequest.Send(Native.GetHardwareAddress, request);
        address[11] = HardwareAddressSize;
        new Span<byte>(request + InterfaceRequest.NameSize + 2, HardwareAddressSize).CopyTo(address[12..]);
    }

    private static int IndexOf(string name)
    {
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, name);
        InterfaceRequest.Send(Native.GetInterfaceIndex, request);
        return *(int*)(request + InterfaceRequest.NameSize);
    }

    private static void SwitchOff(string name, uint feature)
    {
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, name);
        uint* value = stackalloc uint[] { feature, 0 };
        *(nint*)(request + InterfaceRequest.NameSize) = (nint)value;
        InterfaceRequest.Send(Native.EthernetTool, request);
    }

    private static void SwitchOnWithoutResolution(string name)
    {
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, name);
        InterfaceRequest.Send(Native.GetInterfaceFlags, request);
        *(short*)(request + InterfaceRequest.NameSize) |= Native.InterfaceUp | Native.InterfaceNoResolution;
        InterfaceRequest.Send(Native.SetInterfaceFlags, request);
    }

    private static int InNetworkOrder(ushort value) => BinaryPrimitives.ReverseEndianness(value);
}
