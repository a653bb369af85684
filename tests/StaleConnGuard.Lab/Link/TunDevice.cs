using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Lab;

/// <summary>
/// One TUN device: IP packets that the kernel routes to it are read here, packets written here arrive at the kernel. It belongs to the
/// network namespace of the thread that opened it and is gone when it is disposed or the process ends, however it ends.
/// </summary>
internal sealed unsafe class TunDevice : ILinkEnd
{
    private const string ClonePath = "/dev/net/tun";

    private readonly SafeFileHandle _handle;

    private TunDevice(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
    }

    public string Name { get; }

    public int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Whether such devices can be made here, as far as opening tells.</summary>
    public static bool CanBeOpened()
    {
        try
        {
            MakeCloneDeviceIfMissing();
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return false;
        }

        int descriptor = Native.Open(ClonePath, Native.OpenReadWrite | Native.OpenNonBlocking | Native.OpenCloseOnExec);
        if (descriptor < 0)
        {
            return false;
        }

        new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
        return true;
    }

    /// <summary>Makes the device; null when a device of that name is taken by somebody else.</summary>
    /// <exception cref="Win32Exception">The device cannot be made.</exception>
    public static TunDevice? TryOpen(string name)
    {
        MakeCloneDeviceIfMissing();
        int descriptor = Native.Open(ClonePath, Native.OpenReadWrite | Native.OpenNonBlocking | Native.OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{ClonePath} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, name);
        *(short*)(request + InterfaceRequest.NameSize) = Native.InterfaceTun | Native.InterfaceNoPacketInfo;
        if (Native.Control(descriptor, Native.TunSetInterface, request) >= 0)
        {
            return new TunDevice(handle, name);
        }

        int error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        return error == Native.ErrorBusy ? null : throw new Win32Exception(error, $"TUN device {name} cannot be made: {new Win32Exception(error).Message}");
    }

    /// <summary>Gives the device its address and that of the other end, and switches it on. Call it in the device's namespace.</summary>
    public void Up(IPAddress local, IPAddress peer)
    {
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, Name);
        InterfaceRequest.WriteAddress(request, local);
        InterfaceRequest.Send(Native.SetInterfaceAddress, request);
        InterfaceRequest.WriteAddress(request, peer);
        InterfaceRequest.Send(Native.SetInterfacePeer, request);
        SwitchOn(Name);
    }

    /// <summary>Switches an interface of the calling thread's namespace on.</summary>
    public static void SwitchOn(string name)
    {
        byte* request = stackalloc byte[InterfaceRequest.Size];
        InterfaceRequest.Begin(request, name);
        InterfaceRequest.Send(Native.GetInterfaceFlags, request);
        *(short*)(request + InterfaceRequest.NameSize) |= Native.InterfaceUp;
        InterfaceRequest.Send(Native.SetInterfaceFlags, request);
    }

    /// <summary>Takes the next packet; its length, or 0 when there is none now.</summary>
    public int Read(byte[] buffer)
    {
        fixed (byte* start = buffer)
        {
            return (int)Math.Max(0, Native.Read(Descriptor, start, (nuint)buffer.Length));
        }
    }

    /// <summary>Hands a packet to the kernel. A packet that the kernel does not take is lost, as on any link.</summary>
    public void Write(ReadOnlySpan<byte> packet)
    {
        fixed (byte* start = packet)
        {
            _ = Native.Write(Descriptor, start, (nuint)packet.Length);
        }
    }

    public void Dispose() => _handle.Dispose();

    private static void MakeCloneDeviceIfMissing()
    {
        if (File.Exists(ClonePath))
        {
            return;
        }

        _ = Directory.CreateDirectory(Path.GetDirectoryName(ClonePath)!);
        if (!Native.TryMakeCharacterDevice(ClonePath, major: 10, minor: 200) && !File.Exists(ClonePath))
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{ClonePath} is missing and cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
