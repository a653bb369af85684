using System.Diagnostics;
using System.Runtime.InteropServices;

namespace StaleConnGuard.Lab;

/// <summary>The Linux calls that the delayed link needs and the runtime does not offer. Numbers are those of x86-64 and arm64, which agree.</summary>
internal static unsafe partial class Native
{
    public const int OpenReadWrite = 0x2;
    public const int OpenNonBlocking = 0x800;
    public const int OpenCloseOnExec = 0x80000;

    public const int UnshareNetwork = 0x40000000;

    public const nuint TunSetInterface = 0x400454ca;
    public const nuint GetInterfaceFlags = 0x8913;
    public const nuint SetInterfaceFlags = 0x8914;
    public const nuint SetInterfaceAddress = 0x8916;
    public const nuint SetInterfacePeer = 0x8918;

    public const short InterfaceUp = 0x1;
    public const short InterfaceTun = 0x1;
    public const short InterfaceNoPacketInfo = 0x1000;

    public const nuint GetHardwareAddress = 0x8927;
    public const nuint GetInterfaceIndex = 0x8933;
    public const nuint SetInterfaceMask = 0x891c;
    public const nuint EthernetTool = 0x8946;

    /// <summary>Features of <see cref="EthernetTool"/>.</summary>
    public const uint SetTransmitChecksums = 0x17;
    public const uint SetSegmentation = 0x24;

    public const short InterfaceNoResolution = 0x80;

    public const ushort PacketFamily = 17;
    public const int NetlinkFamily = 16;
    public const int DatagramSocket = 2;
    public const int RawSocket = 3;
    public const ushort EthernetIPv4 = 0x0800;

    public const int Terminate = 15;

    public const short PollIn = 0x1;

    public const int ErrorInterrupted = 4;
    public const int ErrorTryAgain = 11;
    public const int ErrorBusy = 16;

    private const uint CharacterDeviceForOwner = 0x2000 | 0x180;
    private const int SetTimerSlack = 29;
    private const int PriorityOfProcess = 0;
    private const int FirstInFirstOut = 1;
    private const int NotInherited = 0x40000000;

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short ReturnedEvents;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    public static partial int Bind(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetSocketOption(int descriptor, int level, int option, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    public static partial nint SendTo(int descriptor, byte* buffer, nuint count, int flags, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Control(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "dup3", SetLastError = true)]
    public static partial int Replace(int by, int descriptor, int flags);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeNode(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ThreadControl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, int* priority);

    /// <summary>Waits until one of the descriptors can be read, or until a <see cref="Stopwatch"/> timestamp; <see cref="long.MaxValue"/> for ever.</summary>
    public static void WaitUntil(long timestamp, PollDescriptor* descriptors, int count)
    {
        if (timestamp == long.MaxValue)
        {
            _ = Poll(descriptors, (nuint)count, null, null);
            return;
        }

        long ticks = timestamp - Stopwatch.GetTimestamp();
        if (ticks <= 0)
        {
            return;
        }

        var timeout = new TimeSpec
        {
            Seconds = (nint)(ticks / Stopwatch.Frequency),
            Nanoseconds = (nint)(ticks % Stopwatch.Frequency * 1_000_000_000 / Stopwatch.Frequency),
        };
        _ = Poll(descriptors, (nuint)count, &timeout, null);
    }

    /// <summary>Makes a character device that only its owner may open; false (with the error set) when that is not allowed.</summary>
    public static bool TryMakeCharacterDevice(string path, uint major, uint minor) =>
        MakeNode(path, CharacterDeviceForOwner, (major << 8) | minor) == 0;

    /// <summary>
    /// Lets the calling thread wake up within microseconds of its time, and at once whatever else is running. The second needs
    /// privileges; without them the thread is merely ordinary. Such a thread must rest most of the time.
    /// </summary>
    public static void MakeThisThreadPrompt()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        _ = ThreadControl(SetTimerSlack, 1, 0, 0, 0);

        // A thread that is merely favoured still waits for the end of somebody's time slice, which is milliseconds.
        int lowest = 1;
        if (SetScheduler(0, FirstInFirstOut | NotInherited, &lowest) != 0)
        {
            _ = SetPriority(PriorityOfProcess, 0, -15);
        }
    }
}
