using System.Diagnostics;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Liveness;

/// <summary>The host moves to another address while requests go on.</summary>
public class DnsChangeTests
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(1);

    // The lifetime, its jitter, and what a loaded machine takes to look.
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Requests_HostMoves_FollowWithinTheLifetimeAndNoneFails()
    {
        await using var before = new ScriptedServer(connection => connection.AnswerAllAsync());
        await using var after = new ScriptedServer(connection => connection.AnswerAllAsync());
        Uri now = before.Uri;
        using var handler = new SocketsHttpHandler
        {
            // The application's own resolver.
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                Uri address = Volatile.Read(ref now);
                await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new SilentClient(o => o.Transport.PooledConnectionLifetime = s_lifetime, handler);

        int sent = await SendForAsync(client.Http, TimeSpan.FromSeconds(0.5));
        after.TotalExecutions.ShouldBe(0);
        before.TotalExecutions.ShouldBe(sent);

        Volatile.Write(ref now, after.Uri);
        sent += await SendForAsync(client.Http, s_within);
        int left = before.TotalExecutions;
        left.ShouldBeLessThan(sent, "it has begun to follow");
        sent += await SendForAsync(client.Http, TimeSpan.FromSeconds(0.5));
        before.TotalExecutions.ShouldBe(left);
        (left + after.TotalExecutions).ShouldBe(sent);
        client.Observer.Hits.ShouldBeEmpty();
    }

    private static async Task<int> SendForAsync(HttpClient client, TimeSpan time)
    {
        int sent = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time; sent++)
        {
            using var request = new HttpRequestMessage(sent % 2 == 0 ? HttpMethod.Get : HttpMethod.Post, "http://moving.test/") { Headers = { { "X-Request-Id", Guid.NewGuid().ToString("N") } } };
            using HttpResponseMessage response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
            await Task.Delay(10);
        }

        return sent;
    }
}
