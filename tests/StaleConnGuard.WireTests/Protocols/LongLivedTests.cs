using System.Net;
using System.Net.WebSockets;
using System.Text;
using StaleConnGuard.Testing;
using StaleConnGuard.WireTests.Guard;

namespace StaleConnGuard.WireTests.Protocols;

/// <summary>WebSockets and event streams that are silent for longer than the keep-alive limit, straight from Kestrel, through nginx and through a tunnel.</summary>
public class LongLivedTests
{
    // The limit is half of it: shorter than each silence.
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData("kestrel", false)]
    [InlineData("kestrel-tls", false)]
    [InlineData("nginx-http", false)]
    [InlineData("nginx-tls", false)]
    [InlineData("nginx-http", true)]
    [InlineData("nginx-tls", true)]
    public async Task WebSocket_SilentForLongerThanTheLimit_LivesAndItsConnectionIsNeverReused(string front, bool tunnel)
    {
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
            Encoding.UTF8.GetString(buffer, 0, received.Count).ShouldBe($"message {i}");
            await Task.Delay(Backend.Silence);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        if (!tunnel || way.Base.Scheme == "https")
        {
            (await client.GetAsync(way.Base)).ShouldStartWith("ok");
        }

        client.Observer.Refusals.ShouldBeEmpty();
        client.Observer.StaleHits.ShouldBe(0);
    }

    [Theory]
    [InlineData("kestrel", false, false)]
    [InlineData("kestrel-tls", false, true)]
    [InlineData("nginx-http", false, true)]
    [InlineData("nginx-tls", false, false)]
    [InlineData("nginx-tls", true, false)]
    public async Task EventStream_SilentForLongerThanTheLimit_IsReadWholeWhileOthersAreRefused(string front, bool tunnel, bool sync)
    {
        await using Way way = await Way.StartAsync(front, tunnel);
        using var client = new GuardedClient(serverTimeout: s_serverTimeout, configure: way.Configure);
        using HttpRequestMessage request = GuardedClient.Request("GET", way.Events);
        using HttpResponseMessage response = await client.SendAsync(request, sync, HttpCompletionOption.ResponseHeadersRead);
        Task<string> events = response.Content.ReadAsStringAsync();

        // Beside it an ordinary connection grows too old: that one is refused, the running response is not touched.
        await client.GetAsync(way.Base);
        await Task.Delay(Backend.Silence);
        await client.GetAsync(way.Base);

        (await events).ShouldBe("data: 0\n\ndata: 1\n\ndata: 2\n\n");
        client.Observer.Refusals.ShouldBe([RefusalReason.TooOld]);
        client.Observer.StaleHits.ShouldBe(0);
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

            Requirement.MetOrSkip(RealServer.IsAvailable(front, out string reason), reason);
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
