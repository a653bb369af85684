using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Which transport a connection through a tunnel runs on is said only when there is no doubt.</summary>
public sealed class TunnelTransportsTests : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly TunnelTransports _tunnels = new();

    public TunnelTransportsTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    [Fact]
    public async Task TakeOnly_OneCandidate_IsItAndIsGivenOnce()
    {
        TunnelUnderWay tunnel = await ConnectAsync();
        using TransportStream transport = tunnel.Transport;
        _tunnels.Add(tunnel);
        _tunnels.Add(tunnel);

        _tunnels.TakeOnly().ShouldBeSameAs(transport);
        _tunnels.TakeOnly().ShouldBeNull();
        tunnel.IsUnderWay.ShouldBeFalse();
        transport.Listener.ShouldBeNull();
    }

    [Fact]
    public async Task TakeOnly_TwoCandidates_IsNoneOfThem()
    {
        TunnelUnderWay one = await ConnectAsync();
        TunnelUnderWay other = await ConnectAsync();
        using TransportStream first = one.Transport;
        using TransportStream second = other.Transport;
        _tunnels.Add(one);
        _tunnels.Add(other);

        _tunnels.TakeOnly().ShouldBeNull();
    }

    [Fact]
    public async Task TakeOnly_OneOfTwoIsClosed_IsTheOther()
    {
        TunnelUnderWay refused = await ConnectAsync();
        TunnelUnderWay other = await ConnectAsync();
        using TransportStream open = other.Transport;
        _tunnels.Add(refused);
        _tunnels.Add(other);
        await refused.Transport.DisposeAsync();

        _tunnels.TakeOnly().ShouldBeSameAs(open);
    }

    public void Dispose() => _listener.Dispose();

    private async Task<TunnelUnderWay> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listener.LocalEndPoint!);
        return TunnelUnderWay.On(new TransportStream(client));
    }
}
