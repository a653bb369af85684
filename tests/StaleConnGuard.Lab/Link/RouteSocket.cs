using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Lab;

/// <summary>Makes and removes network devices (rtnetlink(7)), in the namespace of the thread that made it.</summary>
internal sealed unsafe class RouteSocket : IDisposable
{
    private const int HeaderSize = 16;
    private const int LinkInfoSize = 16;
    private const ushort NewLink = 16;
    private const ushort DeleteLink = 17;
    private const ushort Request = 0x1;
    private const ushort Acknowledge = 0x4;
    private const ushort Exclusive = 0x200;
    private const ushort Create = 0x400;
    private const ushort InterfaceName = 3;
    private const ushort LinkInfo = 18;
    private const ushort InfoKind = 1;
    private const ushort InfoData = 2;
    private const ushort VethPeer = 1;
    private const int ErrorExists = 17;

    private readonly SafeFileHandle _socket;

    public RouteSocket()
    {
        _socket = new SafeFileHandle(Native.OpenSocket(Native.NetlinkFamily, Native.RawSocket | Native.OpenCloseOnExec, 0), ownsHandle: true);
        if (_socket.IsInvalid)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"A routing socket cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Makes two virtual Ethernet devices that are tied to each other; false when a name is taken.</summary>
    public bool TryAddPair(string name, string other)
    {
        byte[] peer = [.. new byte[LinkInfoSize], .. Attribute(InterfaceName, Text(other))];
        byte[] data = Attribute(VethPeer, peer);
        byte[] info = [.. Attribute(InfoKind, Text("veth")), .. Attribute(InfoData, data)];
        int error = Send(NewLink, Exclusive | Create, [.. new byte[LinkInfoSize], .. Attribute(InterfaceName, Text(name)), .. Attribute(LinkInfo, info)]);
        return error switch
        {
            0 => true,
            ErrorExists => false,
            _ => throw new Win32Exception(error, $"Virtual Ethernet devices cannot be made: {new Win32Exception(error).Message}"),
        };
    }

    /// <summary>Removes a device, and the one that is tied to it.</summary>
    public void Remove(int index)
    {
        byte[] body = new byte[LinkInfoSize];
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), index);
        _ = Send(DeleteLink, 0, body);
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Text(string text) => [.. Encoding.ASCII.GetBytes(text), 0];

    // Length and type, then the value, filled up to four bytes.
    private static byte[] Attribute(ushort type, byte[] value)
    {
        byte[] attribute = new byte[(4 + value.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute.AsSpan(2), type);
        value.CopyTo(attribute, 4);
        return attribute;
    }

    /// <summary>The kernel's answer: 0, or what went wrong.</summary>
    private int Send(ushort type, int flags, byte[] body)
    {
        byte[] message = new byte[HeaderSize + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), (ushort)(Request | Acknowledge | flags));
        body.CopyTo(message, HeaderSize);
        byte[] answer = new byte[4096];
        fixed (byte* sent = message)
        {
            fixed (byte* received = answer)
            {
                int descriptor = (int)_socket.DangerousGetHandle();
                if (Native.Write(descriptor, sent, (nuint)message.Length) < 0 || Native.Read(descriptor, received, (nuint)answer.Length) < HeaderSize + 4)
                {
                    return Marshal.GetLastPInvokeError();
                }
            }
        }

        return -BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(HeaderSize));
    }
}
