using System.Net;

namespace StaleConnGuard.Lab;

/// <summary>One end of a link: what the kernel routes to its device is read here, what is written here arrives at the kernel.</summary>
internal interface ILinkEnd : IDisposable
{
    /// <summary>Gets the name of the network device.</summary>
    string Name { get; }

    /// <summary>Gets what can be waited for until there is a packet.</summary>
    int Descriptor { get; }

    /// <summary>Gives the device its address and that of the other end, and switches it on. Call it in the device's namespace.</summary>
    void Up(IPAddress local, IPAddress peer);

    /// <summary>Takes the next packet; its length, or 0 when there is none now.</summary>
    int Read(byte[] buffer);

    /// <summary>Hands a packet to the kernel. A packet that the kernel does not take is lost, as on any link.</summary>
    void Write(ReadOnlySpan<byte> packet);
}

/// <summary>Makes ends of links with what there is.</summary>
internal static class LinkEnd
{
    private static readonly Lazy<bool> s_hasTun = new(TunDevice.CanBeOpened);

    /// <summary>
    /// Makes a device in the calling thread's namespace: a TUN device or, where <c>/dev/net/tun</c> may not be opened, one of a pair of virtual Ethernet devices.
    /// Null when a device of that name is there already.
    /// </summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The device cannot be made.</exception>
    public static ILinkEnd? TryOpen(string name) => s_hasTun.Value ? TunDevice.TryOpen(name) : VethDevice.TryOpen(name);
}
