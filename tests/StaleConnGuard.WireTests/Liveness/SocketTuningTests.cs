using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.WireTests.Liveness;

public sealed class SocketTuningTests : IDisposable
{
    private const int TcpUserTimeout = 18;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly SocketTuning _tuning = SocketTuning.From(new TransportOptions { TcpKeepAlive = { Time = TimeSpan.FromSeconds(41.5), Interval = TimeSpan.FromSeconds(6), Probes = 4 } });

    public SocketTuningTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    [Fact]
    public void Apply_OwnSocket_SetsProbesAndNoUserTimeout()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _tuning.Apply(socket);
        KeepAliveOf(socket).ShouldBe((true, 42, 6, 4));
        if (OperatingSystem.IsLinux())
        {
            byte[] timeout = new byte[sizeof(int)];
            socket.GetRawSocketOption(6, TcpUserTimeout, timeout);
            timeout.ShouldAllBe(b => b == 0);
        }
    }

    [Fact]
    public void Apply_ProbesOff_LeavesThemOff()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        SocketTuning.From(new TransportOptions { TcpKeepAlive = { Enabled = false } }).Apply(socket);
        KeepAliveOf(socket).On.ShouldBeFalse();
    }

    [Fact]
    public void ApplyToForeign_ApplicationHasProbesOn_KeepsItsValues()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 300);
        (bool, int, int, int) before = KeepAliveOf(socket);
        _tuning.ApplyToForeign(socket);
        KeepAliveOf(socket).ShouldBe(before);
    }

    [Fact]
    public void ApplyToForeign_SocketIsNotTcpOrGone_IsLeftAlone()
    {
        using (var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            _tuning.ApplyToForeign(unix);
            ((int)unix.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!).ShouldBe(0);
        }

        var gone = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        gone.Dispose();
        Should.NotThrow(() => _tuning.ApplyToForeign(gone));
    }

    [Fact]
    public async Task Guard_ApplicationsConnectCallback_GetsProbesOnItsSocket()
    {
        Socket? made = null;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await made.ConnectAsync(_listener.LocalEndPoint!, cancellationToken);
                return new NetworkStream(made, ownsSocket: true);
            },
        };
        using var client = new HttpClient(StaleConnGuardHandler.Create(handler: handler));
        using var done = new CancellationTokenSource();
        Task<HttpResponseMessage> sending = client.GetAsync(new Uri("http://origin.test/"), done.Token);
        using Socket accepted = await _listener.AcceptAsync();
        byte[] request = new byte[100];
        (await accepted.ReceiveAsync(request)).ShouldBeGreaterThan(0);
        KeepAliveOf(made.ShouldNotBeNull()).ShouldBe((true, 30, 5, 3));
        await done.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => sending);
    }

    public void Dispose() => _listener.Dispose();

    private static (bool On, int Time, int Interval, int Probes) KeepAliveOf(Socket socket) => (
        (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)! != 0,
        (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!,
        (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval)!,
        (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount)!);
}
