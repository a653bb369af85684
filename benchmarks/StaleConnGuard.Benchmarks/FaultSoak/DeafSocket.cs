using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// A silent drop without root and on loopback: a socket filter that lets nothing through has the kernel throw away what comes by one connection before it is acknowledged.
/// </summary>
internal static class DeafSocket
{
    // include/uapi/asm-generic/socket.h
    private const int SolSocket = 1;
    private const int SoAttachFilter = 26;

    // linux/bpf_common.h: BPF_RET | BPF_K, how many bytes of a packet are kept.
    private const ushort Return = 0x06;

    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    /// <summary>From now on nothing of what the peer sends arrives.</summary>
    public static void Make(Socket socket)
    {
        byte[] program = new byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(program, Return);
        var pinned = GCHandle.Alloc(program, GCHandleType.Pinned);
        try
        {
            // struct sock_fprog: the number of instructions, and where they are.
            byte[] filter = new byte[16];
            BinaryPrimitives.WriteUInt16LittleEndian(filter, 1);
            BinaryPrimitives.WriteInt64LittleEndian(filter.AsSpan(8), pinned.AddrOfPinnedObject());
            socket.SetRawSocketOption(SolSocket, SoAttachFilter, filter);
        }
        finally
        {
            pinned.Free();
        }
    }
}
