using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Lab;

/// <summary>
/// A network link with delay, made of real packets: the client stays where it is, the server end is a network namespace, and between the
/// two devices a thread holds each packet. A request and a FIN cross in flight as they do in production, and what is acknowledged
/// was acknowledged by the server's kernel. Needs Linux and root (CAP_NET_ADMIN and CAP_SYS_ADMIN), be it
/// in a user namespace (<see cref="UserNamespace"/>); no tools. The devices are TUN devices, or virtual Ethernet devices where <c>/dev/net/tun</c> may not be opened.
/// </summary>
/// <remarks>
/// Several links may exist at once, in one process or in many: device names and addresses (198.18.0.0/15, RFC 2544) are unique. Nothing
/// outlives the process: neither device nor namespace is persistent, so the kernel removes them on Ctrl-C and on a kill as well.
/// Every member may be called from any thread.
/// </remarks>
public sealed class DelayedLink : IDisposable
{
    private const int Slots = 32_768;
    private const int SlotAttempts = 200;
    private const int CalibratingConnects = 31;

    private static readonly Lazy<string?> s_unavailable = new(FindReasonAgainst);
    private static readonly Random s_random = new();

    private readonly NamespaceThread _namespace;
    private readonly ILinkEnd _client;
    private readonly ILinkEnd _server;
    private readonly PacketLoop _loop;

    private DelayedLink(TimeSpan delayEachWay, int? preferredSlot)
    {
        (_client, int slot) = TakeSlot(preferredSlot);
        try
        {
            ClientAddress = Address(slot, 1);
            ServerAddress = Address(slot, 2);
            _namespace = new NamespaceThread();
            _server = _namespace.Run(OpenServerEnd);
            _client.Up(ClientAddress, ServerAddress);
            _loop = new PacketLoop(_client, _server, delayEachWay);
            DelayEachWay = delayEachWay;
        }
        catch
        {
            _client.Dispose();
            _server?.Dispose();
            _namespace?.Dispose();
            throw;
        }
    }

    /// <summary>Gets how long each packet is held, in each direction.</summary>
    public TimeSpan DelayEachWay { get; }

    /// <summary>Gets on how many connections bytes of the client reached the server's end after the server had ended the connection.</summary>
    public int CrossedConnections => _loop.Crossings.Count;

    /// <summary>Gets how many connections the server ended with a bare reset, no FIN before it.</summary>
    public int ResetConnections => _loop.Crossings.Resets;

    /// <summary>Gets the address that packets to the server come from.</summary>
    public IPAddress ClientAddress { get; }

    /// <summary>Gets the address that a server in the namespace listens at.</summary>
    public IPAddress ServerAddress { get; }

    /// <summary>Gets the name of the client's network device.</summary>
    public string DeviceName => _client.Name;

    /// <summary>Gets a path for <c>nsenter --net=PATH</c>, to look into the server's namespace while the link lives.</summary>
    public string NamespacePath => _namespace.Path;

    /// <summary>Gets or sets whether packets from the client are thrown away when they enter the link. Those under way arrive.</summary>
    public bool DropToServer
    {
        get => _loop.DropToServer;
        set => _loop.DropToServer = value;
    }

    /// <summary>Gets or sets whether packets from the server are thrown away when they enter the link. Those under way arrive.</summary>
    public bool DropToClient
    {
        get => _loop.DropToClient;
        set => _loop.DropToClient = value;
    }

    /// <summary>Says whether this machine and user can make a link, and if not, why. Tried once a process.</summary>
    public static bool IsAvailable(out string reason)
    {
        reason = s_unavailable.Value ?? string.Empty;
        return s_unavailable.Value is null;
    }

    /// <summary>Makes a link that holds each packet for <paramref name="delayEachWay"/>, in each direction.</summary>
    /// <param name="delayEachWay">The delay.</param>
    /// <param name="preferredSlot">Which pair of addresses to take if it is free, so that they are the same the next time: 0 for 198.18.0.1 and 198.18.0.2. Null for any.</param>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="Win32Exception">The kernel refused, most often for want of root.</exception>
    public static DelayedLink Create(TimeSpan delayEachWay, int? preferredSlot = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delayEachWay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delayEachWay, TimeSpan.FromSeconds(10));
        return OperatingSystem.IsLinux()
            ? new DelayedLink(delayEachWay, preferredSlot)
            : throw new PlatformNotSupportedException("A link of real packets needs Linux.");
    }

    /// <summary>
    /// Takes what the link's own thread needs for a packet (to wake up, twice) out of the delay, so that a bare socket connects in two
    /// delays, in the median. Takes a second or two; nothing else should be under way.
    /// </summary>
    /// <returns>What each of some connects takes then, the shortest first.</returns>
    public IReadOnlyList<TimeSpan> Calibrate()
    {
        using Socket listener = InServerNamespace(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(ServerAddress, 0));
            socket.Listen(CalibratingConnects * 2);
            return socket;
        });
        TimeSpan tooMuch = (TimeConnects(listener.LocalEndPoint!)[CalibratingConnects / 2] / 2) - DelayEachWay;
        _loop.Hold(tooMuch < DelayEachWay ? DelayEachWay - tooMuch : TimeSpan.Zero);
        return TimeConnects(listener.LocalEndPoint!);
    }

    /// <summary>Writes the packets that the client sends and gets into a pcapng file, from now until the link is disposed.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public void CaptureTo(string path) => _loop.Capture = new LinkCapture(path);

    /// <summary>Runs a function on a thread of the server's namespace: a socket made there listens there. It must not await.</summary>
    public T InServerNamespace<T>(Func<T> function) => _namespace.Run(function);

    /// <summary>Starts a process in the server's namespace. The caller ends it before the link is disposed.</summary>
    public Process StartInServerNamespace(ProcessStartInfo startInfo) =>
        // A child is born into the namespace of the thread that forks it.
        _namespace.Run(() => Process.Start(startInfo)!);

    /// <summary>Removes the devices; the namespace goes with the last socket and process in it.</summary>
    public void Dispose()
    {
        _loop.Dispose();
        _loop.Capture?.Dispose();
        _client.Dispose();
        _server.Dispose();
        _namespace.Dispose();
    }

    private static List<TimeSpan> TimeConnects(EndPoint server)
    {
        var connects = new List<TimeSpan>();
        for (int i = 0; i < CalibratingConnects; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            long start = Stopwatch.GetTimestamp();
            socket.Connect(server);
            connects.Add(Stopwatch.GetElapsedTime(start));
        }

        connects.Sort();
        return connects;
    }

    private ILinkEnd OpenServerEnd()
    {
        ILinkEnd device = LinkEnd.TryOpen("server") ?? throw new InvalidOperationException("A new network namespace has a device already.");
        device.Up(ServerAddress, ClientAddress);
        return device;
    }

    // The device's name holds the slot, and the kernel gives a name to one owner only: so is the pair of addresses.
    private static (ILinkEnd Device, int Slot) TakeSlot(int? preferred)
    {
        if (preferred is { } wanted && LinkEnd.TryOpen($"staleconn{wanted}") is { } found)
        {
            return (found, wanted);
        }

        for (int attempt = 0; attempt < SlotAttempts; attempt++)
        {
            int slot;
            lock (s_random)
            {
                slot = s_random.Next(Slots);
            }

            if (LinkEnd.TryOpen($"staleconn{slot}") is { } device)
            {
                return (device, slot);
            }
        }

        throw new InvalidOperationException($"No free link found in {SlotAttempts} attempts.");
    }

    private static IPAddress Address(int slot, int host)
    {
        int offset = (slot * 4) + host;
        return new IPAddress([198, (byte)(18 + (offset >> 16)), (byte)(offset >> 8), (byte)offset]);
    }

    private static string? FindReasonAgainst()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "it needs Linux";
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return "it needs root, or a user namespace of its own (unshare --user --map-root-user --net)";
        }

        try
        {
            new DelayedLink(TimeSpan.Zero, preferredSlot: null).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }
}
