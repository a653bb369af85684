using System.Net;

namespace StaleConnGuard.Lab;

/// <summary>
/// Where a race takes place: servers behind a link with delay. The link is made of real packets when this machine and user can have one,
/// otherwise every server is behind a loopback relay.
/// </summary>
public sealed class RaceCourse : IAsyncDisposable
{
    private readonly DelayedLink? _link;
    private readonly TimeSpan _delayEachWay;
    private readonly List<IAsyncDisposable> _parts = [];

    private RaceCourse(DelayedLink? link, string whyRelay, TimeSpan delayEachWay)
    {
        _link = link;
        _delayEachWay = delayEachWay;
        WhyRelay = whyRelay;
    }

    /// <summary>Gets whether the link is made of real packets. If not, nothing can be proven behind it.</summary>
    public bool HasRealPackets => _link is not null;

    /// <summary>Gets the name of the client's network device, for a packet capture; empty when the link is a relay.</summary>
    public string DeviceName => _link?.DeviceName ?? string.Empty;

    /// <summary>Gets why the link is a relay; empty when it is not.</summary>
    public string WhyRelay { get; }

    /// <summary>Opens a course with this delay in each direction: of real packets if possible, unless a relay is asked for.</summary>
    public static RaceCourse Open(TimeSpan delayEachWay, bool relayOnly = false)
    {
        if (relayOnly)
        {
            return new RaceCourse(null, "a relay was asked for", delayEachWay);
        }

        return DelayedLink.IsAvailable(out string reason)
            ? new RaceCourse(DelayedLink.Create(delayEachWay), string.Empty, delayEachWay)
            : new RaceCourse(null, reason, delayEachWay);
    }

    /// <summary>Makes the link exact: see <see cref="DelayedLink.Calibrate"/>. A relay stays as it is, and tells nothing.</summary>
    public IReadOnlyList<TimeSpan> Calibrate() => _link?.Calibrate() ?? [];

    /// <summary>Writes the packets that clients send and get into a pcapng file, until the course is disposed. Only where packets are real.</summary>
    public void CaptureTo(string path) => (_link ?? throw new InvalidOperationException($"Nothing to capture: {WhyRelay}.")).CaptureTo(path);

    /// <summary>Starts a server at the far end. It is disposed with the course.</summary>
    /// <returns>The server, and the address at which clients reach it.</returns>
    public (RaceServer Server, Uri Address) AddServer(RaceServerOptions options)
    {
        RaceServer server = _link is null ? RaceServer.Start(options) : RaceServer.Start(_link, options);
        _parts.Add(server);
        if (_link is not null)
        {
            return (server, server.Address);
        }

        var relay = LoopbackRelay.Start(new IPEndPoint(IPAddress.Loopback, server.Address.Port), _delayEachWay);
        _parts.Add(relay);
        return (server, new UriBuilder(server.Address) { Port = relay.EndPoint.Port }.Uri);
    }

    /// <summary>Ends the servers and removes the link.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in _parts)
        {
            await part.DisposeAsync();
        }

        _link?.Dispose();
    }
}
