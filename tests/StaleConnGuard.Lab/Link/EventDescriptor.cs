using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Lab;

/// <summary>Wakes a thread that waits for descriptors (eventfd). Linux. Every member may be called from any thread.</summary>
internal sealed unsafe class EventDescriptor : IDisposable
{
    private readonly SafeFileHandle _handle = new(Native.EventDescriptor(0, Native.OpenNonBlocking | Native.OpenCloseOnExec), ownsHandle: true);

    /// <summary>Can be read from <see cref="Set"/> on until <see cref="Reset"/>.</summary>
    public int Descriptor => (int)_handle.DangerousGetHandle();

    public void Set()
    {
        ulong one = 1;
        _ = Native.Write(Descriptor, (byte*)&one, sizeof(ulong));
    }

    public void Reset()
    {
        ulong count;
        _ = Native.Read(Descriptor, (byte*)&count, sizeof(ulong));
    }

    public void Dispose() => _handle.Dispose();
}
