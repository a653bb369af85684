using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Tests.Kernel;

/// <summary>The last look at a connection that is lost anyway. On a machine that stalls its time is over before anybody has looked.</summary>
public sealed class TransportStreamTests : IDisposable
{
    private readonly Socket _peer;
    private readonly TransportStream _transport;

    public TransportStreamTests()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        _peer = listener.Accept();
        _transport = new TransportStream(socket);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadForTheEnd_ItsTimeIsOverAndTheEndIsThere_FindsIt(bool blocking)
    {
        _peer.Shutdown(SocketShutdown.Both);
        WaitForSomethingToRead();
        (await _transport.ReadForTheEndAsync(TimeSpan.Zero, blocking)).ShouldBe(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadForTheEnd_ItsTimeIsOverAndAByteIsThere_FindsIt(bool blocking)
    {
        _peer.Send([7]);
        WaitForSomethingToRead();
        (await _transport.ReadForTheEndAsync(TimeSpan.Zero, blocking)).ShouldBe(1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadForTheEnd_ItsTimeIsOverAndTheConnectionWasReset_IsNoEnd(bool blocking)
    {
        _peer.LingerState = new LingerOption(enable: true, seconds: 0);
        _peer.Close();
        WaitForSomethingToRead();
        (await _transport.ReadForTheEndAsync(TimeSpan.Zero, blocking)).ShouldBeNull();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadForTheEnd_NothingIsThere_IsNoEnd(bool blocking) =>
        (await _transport.ReadForTheEndAsync(TimeSpan.Zero, blocking)).ShouldBeNull();

    public void Dispose()
    {
        _peer.Dispose();
        _transport.Dispose();
    }

    private void WaitForSomethingToRead() => _transport.Socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead).ShouldBeTrue();
}
