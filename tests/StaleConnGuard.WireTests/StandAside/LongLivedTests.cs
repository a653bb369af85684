using System.Net;
using System.Net.WebSockets;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>WebSockets and event streams that are silent for longer than the keep-alive limit, straight from Kestrel, through nginx and through a tunnel.</summary>
public class LongLivedTests
{
    // The limit is half of it: shorter than each silence.
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>What stands in front, and whether a tunnel leads there. They wait at the same time: nothing here is work.</summary>
    private static readonly (string Front, bool Tunnel)[] s_ways =
        [("kestrel", false), ("kestrel-tls", false), ("nginx-http", false), ("nginx-tls", false), ("nginx-http", true), ("nginx-tls", true)];

    [Fact]
    public async Task WebSocket_SilentForLongerThanTheLimit_LivesAndItsConnectionIsNeverReused()
    {
        RequireServers();
        await Task.WhenAll(s_ways.Select(way => HoldSocketAsync(way.Front, way.Tunnel)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EventStream_SilentForLongerThanTheLimit_IsReadWholeWhileOthersAreRefused(bool sync)
    {
        RequireServers();

        // Only TLS goes through a tunnel here; without it the proxy would be asked itself.
        await Task.WhenAll(s_ways.Where(way => way is not ("nginx-http", true)).Select(way => HoldEventStreamAsync(way.Front, way.Tunnel, sync)));
    }

    private static void RequireServers()
    {
        foreach (string server in (string[])["nginx-http", "nginx-tls"])
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(server, out string reason), reason);
        }
    }

    private static async Task HoldSocketAsync(string front, bool tunnel)
    {
        string name = $"{front}, tunnel: {tunnel}";
        await using Way way = await Way.StartAsync(front, tunnel);
        using var client = new GuardedClient(serverTimeout: s_serverTimeout, configure: way.Configure);
        using var invoker = new HttpMessageInvoker(client.Handler, disposeHandler: false);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(way.Socket, invoker, CancellationToken.None);

        for (int i = 0; i < 3; i++)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes($"message {i}"), WebSocketMessageType.Text, true, CancellationToken.None);
            byte[] buffer = new byte[64];
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe($"message {i}", name);
            await Task.Delay(Backend.Silence);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        if (!tunnel || way.Base.Scheme == "https")
        {
            (await client.GetAsync(way.Base)).ShouldStartWith("ok");
        }

        client.Observer.Refusals.ShouldBeEmpty(name);
        client.Observer.StaleHits.ShouldBe(0, name);
    }

    private static async Task HoldEventStreamAsync(string front, bool tunnel, bool sync)
    {
        string name = $"{front}, tunnel: {tunnel}";
        await using Way way = await Way.StartAsync(front, tunnel);
        int connections = 0;
        using var client = new GuardedClient(serverTimeout: s_serverTimeout, configure: handler =>
        {
            way.Configure(handler);
            handler.PlaintextStreamFilter = (context, _) =>
            {
                Interlocked.Increment(ref connections);
                return ValueTask.FromResult(context.PlaintextStream);
            };
        });
        using HttpRequestMessage request = GuardedClient.Request("GET", way.Events);
        using HttpResponseMessage response = await client.SendAsync(request, sync, HttpCompletionOption.ResponseHeadersRead);
        Task<string> events = response.Content.ReadAsStringAsync();

        // Beside it an ordinary connection grows too old: that one is not used again, the running response is not touched.
        await client.GetAsync(way.Base);
        await Task.Delay(Backend.Silence);
        int before = Volatile.Read(ref connections);
        await client.GetAsync(way.Base);
        if (!events.IsCompleted)
        {
            // On a busy machine the stream may be over by now, and its connection be used: then this says nothing.
            Volatile.Read(ref connections).ShouldBeGreaterThan(before, name);
        }

        (await events).ShouldBe("data: 0\n\ndata: 1\n\ndata: 2\n\n", name);

        // None at all if the pool, which looks once a second, was first.
        client.Observer.Refusals.ShouldAllBe(refusal => refusal == RefusalReason.TooOld, name);
        client.Observer.StaleHits.ShouldBe(0, name);
    }

    /// <summary>Kestrel, what stands in front of it, and the proxy that leads there.</summary>
    private sealed class Way : IAsyncDisposable
    {
        private readonly Backend _backend;
        private readonly RealServer? _front;
        private readonly ConnectProxy? _proxy;

        private Way(Backend backend, RealServer? front, ConnectProxy? proxy)
        {
            (_backend, _front, _proxy) = (backend, front, proxy);
            Base = front?.Address ?? backend.Uri;
            var inner = new Uri(Base, front is null ? "/" : "/backend/");
            Events = new Uri(inner, "events");
            Socket = new UriBuilder(new Uri(inner, "socket")) { Scheme = inner.Scheme == "https" ? "wss" : "ws" }.Uri;
        }

        public Uri Base { get; }

        public Uri Events { get; }

        public Uri Socket { get; }

        public static async Task<Way> StartAsync(string front, bool tunnel)
        {
            Backend backend = await Backend.StartAsync(tls: front == "kestrel-tls");
            if (front.StartsWith("kestrel", StringComparison.Ordinal))
            {
                return new Way(backend, front: null, proxy: null);
            }

            RealServer server = await RealServer.StartAsync(front, TimeSpan.FromSeconds(60), settings: backend.AsSetting);
            return new Way(backend, server, tunnel ? new ConnectProxy() : null);
        }

        public void Configure(SocketsHttpHandler handler) => handler.Proxy = _proxy is null ? null : new WebProxy(_proxy.Uri);

        public async ValueTask DisposeAsync()
        {
            await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (_front?.DisposeAsync() ?? ValueTask.CompletedTask);
            await _backend.DisposeAsync();
        }
    }
}
