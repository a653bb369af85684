using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.WireTests.Protocols;

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
        using TransportStream transport = await ConnectAsync();
        _tunnels.Add(transport);
        _tunnels.Add(transport);

        _tunnels.TakeOnly().ShouldBeSameAs(transport);
        _tunnels.TakeOnly().ShouldBeNull();
        transport.IsTunnelUnderWay.ShouldBeFalse();
    }

    [Fact]
    public async Task TakeOnly_TwoCandidates_IsNoneOfThem()
    {
        using TransportStream one = await ConnectAsync();
        using TransportStream other = await ConnectAsync();
        _tunnels.Add(one);
        _tunnels.Add(other);

        _tunnels.TakeOnly().ShouldBeNull();
    }

    [Fact]
    public async Task TakeOnly_OneOfTwoIsClosed_IsTheOther()
    {
        TransportStream refused = await ConnectAsync();
        using TransportStream other = await ConnectAsync();
        _tunnels.Add(refused);
        _tunnels.Add(other);
        await refused.DisposeAsync();

        _tunnels.TakeOnly().ShouldBeSameAs(other);
    }

    public void Dispose() => _listener.Dispose();

    private async Task<TransportStream> ConnectAsync()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(_listener.LocalEndPoint!);
        return new TransportStream(client) { IsTunnelUnderWay = true };
    }
}
