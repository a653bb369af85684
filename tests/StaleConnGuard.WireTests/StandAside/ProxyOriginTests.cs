using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Where a connection leads is what the runtime made it to; the proxy is not asked again, because it may answer something else.</summary>
public class ProxyOriginTests
{
    private static readonly Func<ScriptedConnection, Task> s_answering = connection => connection.AnswerAllAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RotatingProxy_KeepsItsTurns(bool tls)
    {
        await using var server = new ScriptedServer(s_answering, tls);
        await using var first = new ConnectProxy();
        await using var second = new ConnectProxy();
        await using var firstForward = new ScriptedServer(s_answering);
        await using var secondForward = new ScriptedServer(s_answering);
        Uri[] proxies = tls ? [first.Uri, second.Uri] : [firstForward.Uri, secondForward.Uri];
        var rotating = new Proxy(turn => proxies[turn % 2]);
        using var client = new GuardedClient(configure: h => h.Proxy = rotating);

        for (int i = 0; i < 4; i++)
        {
            await client.GetAsync(server.Uri);
        }

        // Two connections through each, and the second request through it on the one it has.
        rotating.Asked.ShouldBe(4);
        (tls ? [first.Tunnels, second.Tunnels] : new[] { firstForward.Connections, secondForward.Connections }).ShouldBe([1, 1]);
        string[] expected = tls ? [.. proxies.Select(proxy => $"{Text(server.Uri)} via {Text(proxy)}")] : [.. proxies.Select(Text)];
        Known(client).ShouldBe(expected, ignoreOrder: true);
    }

    [Fact]
    public async Task ProxyThatThrows_IsNoProxyAsWithoutTheGuard()
    {
        await using var server = new ScriptedServer(s_answering);
        using var client = new GuardedClient(configure: h => h.Proxy = new Proxy(_ => throw new InvalidOperationException("no proxy today")));
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        Known(client).ShouldBe([Text(server.Uri)]);
    }

    [Fact]
    public async Task ProxyThatThrowsTheSecondTime_IsNotAskedASecondTime()
    {
        await using var server = new ScriptedServer(s_answering);
        await using var forward = new ScriptedServer(s_answering);
        using var client = new GuardedClient(configure: h => h.Proxy = new Proxy(turn => turn == 0 ? forward.Uri : throw new InvalidOperationException()));
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        Known(client).ShouldBe([Text(forward.Uri)]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BypassedServers_AreOriginsOfTheirOwn(bool tls)
    {
        await using var one = new ScriptedServer(s_answering, tls);
        await using var other = new ScriptedServer(s_answering, tls);
        await using var forward = new ScriptedServer(s_answering);
        using var client = new GuardedClient(configure: h => h.Proxy = new Proxy(_ => forward.Uri) { Bypasses = true });
        await client.GetAsync(one.Uri);
        await client.GetAsync(other.Uri);
        forward.Connections.ShouldBe(0);
        Known(client).ShouldBe([Text(one.Uri), Text(other.Uri)], ignoreOrder: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ServersBehindSocks_AreOriginsOfTheirOwn(bool tls)
    {
        await using var one = new ScriptedServer(s_answering, tls);
        await using var other = new ScriptedServer(s_answering, tls);
        await using var socks = new SocksProxy();
        using var client = new GuardedClient(configure: h => h.Proxy = new WebProxy(new UriBuilder(socks.Uri) { UserName = "user", Password = "secret" }.Uri));
        await client.GetAsync(one.Uri);
        await client.GetAsync(other.Uri);
        Known(client).ShouldBe([$"{Text(one.Uri)} via {Text(socks.Uri)}", $"{Text(other.Uri)} via {Text(socks.Uri)}"], ignoreOrder: true);
    }

    /// <summary>Plain requests of all hosts share the connections to their proxy: what closes there is the proxy.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PlainServersBehindForwardProxy_AreTheProxy(bool proxyOverTls)
    {
        await using var forward = new ScriptedServer(s_answering, proxyOverTls);
        using var client = new GuardedClient(configure: h => h.Proxy = new WebProxy(new UriBuilder(forward.Uri) { UserName = "user", Password = "secret" }.Uri));
        await client.GetAsync(new Uri("http://one.test/"));
        await client.GetAsync(new Uri("http://other.test:8080/"));
        forward.Connections.ShouldBe(1);
        Known(client).ShouldBe([Text(forward.Uri)]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StreamOfTheApplication_IsAskedForNothing(bool hidden)
    {
        await using var server = new ScriptedServer(s_answering, tls: true);
        await using var forward = new ScriptedServer(s_answering);
        var proxy = new Proxy(_ => forward.Uri);
        using var client = new GuardedClient(configure: h =>
        {
            h.Proxy = proxy;
            h.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                var stream = new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                return hidden ? new HookedStream(stream, static _ => Task.CompletedTask) : stream;
            };
        });
        await client.GetAsync(new Uri("http://one.test/"));
        proxy.Bypasses = true;
        await client.GetAsync(server.Uri);
        proxy.Asked.ShouldBe(1);
        Known(client).ShouldBe([Text(forward.Uri), Text(server.Uri)], ignoreOrder: true);
    }

    private static string Text(Uri uri) => $"{uri.Scheme}://127.0.0.1:{uri.Port}";

    private static IEnumerable<string> Known(GuardedClient client) => client.Ledger.Snapshot().Select(o => o.Proxy is null ? o.Origin : $"{o.Origin} via {o.Proxy}");

    private sealed class Proxy(Func<int, Uri> choose) : IWebProxy
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public bool Bypasses { get; set; }

        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => choose(Interlocked.Increment(ref _asked) - 1);

        public bool IsBypassed(Uri host) => Bypasses;
    }
}
