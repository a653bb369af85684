using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class LoopbackRelayTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task Request_ThroughTheRelay_TakesTwiceTheDelay()
    {
        await using var server = RaceServer.Start();
        await using var relay = RelayTo(server);
        using var client = new HttpClient();
        var address = new Uri($"http://{relay.EndPoint}/");
        _ = await client.GetStringAsync(address);

        var roundTrips = new List<double>();
        for (int i = 0; i < 15; i++)
        {
            long start = Stopwatch.GetTimestamp();
            (await client.GetStringAsync(address)).ShouldBe("ok\n");
            roundTrips.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        roundTrips.Min().ShouldBeInRange(20, 25);
    }

    [Fact]
    public async Task ServerClosesIdleConnection_ThroughTheRelay_ClientSeesEndOfStreamOneDelayLater()
    {
        await using var server = RaceServer.Start(new() { IdleTimeout = TimeSpan.FromMilliseconds(100) });
        await using var relay = RelayTo(server);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(relay.EndPoint);
        _ = await socket.SendAsync("GET / HTTP/1.1\r\nHost: test\r\n\r\n"u8.ToArray());
        byte[] buffer = new byte[1024];
        (await socket.ReceiveAsync(buffer)).ShouldBeGreaterThan(0);
        long answered = Stopwatch.GetTimestamp();

        (await socket.ReceiveAsync(buffer)).ShouldBe(0);

        // The response was held as long as the end of the stream, so the client counts what the server counts.
        Stopwatch.GetElapsedTime(answered).TotalMilliseconds.ShouldBeInRange(50, 500);
    }

    [Fact]
    public async Task NobodyListens_BehindTheRelay_ConnectionEnds()
    {
        await using var relay = LoopbackRelay.Start(new IPEndPoint(IPAddress.Loopback, 1), s_delay);
        using var client = new HttpClient();

        await Should.ThrowAsync<HttpRequestException>(client.GetStringAsync($"http://{relay.EndPoint}/"));
    }

    private static LoopbackRelay RelayTo(RaceServer server) => LoopbackRelay.Start(new IPEndPoint(IPAddress.Loopback, server.Address.Port), s_delay);
}
