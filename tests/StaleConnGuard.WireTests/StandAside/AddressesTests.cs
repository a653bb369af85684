using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>A name with several addresses, some of which lead nowhere: the one that lives is found in time (RFC 8305), and what cannot be reached is said to be so.</summary>
public class AddressesTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(4);

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(5, false)]
    public async Task Request_FirstAddressesLeadNowhere_IsAnsweredByTheNextInTime(int blackHoles, bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var holes = new BlackHoles(server.Uri.Port, blackHoles);
        using var client = Client([.. holes.Addresses, IPAddress.Loopback]);

        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", Named(server.Uri), "bytes"), sync);

        Stopwatch.GetElapsedTime(started).ShouldBeInRange(TimeSpan.FromMilliseconds(200), s_limit);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);

        // The plain client has one address at a time, and waits for the kernel to give up.
        using var plain = new HttpClient(new SocketsHttpHandler { ConnectTimeout = s_limit, ConnectCallback = (context, cancel) => InTurnAsync([.. holes.Addresses, IPAddress.Loopback], context.DnsEndPoint.Port, cancel) });
        await Should.ThrowAsync<TaskCanceledException>(() => plain.GetAsync(server.Uri));
    }

    /// <summary>The usual case: the resolver names IPv6 first, and IPv6 leads nowhere.</summary>
    [Fact]
    public async Task Request_IPv6LeadsNowhere_IsAnsweredOverIPv4InTime()
    {
        Requirement.MetOrSkip(Socket.OSSupportsIPv6 && NetworkInterface.GetAllNetworkInterfaces().Any(static i => i.NetworkInterfaceType == NetworkInterfaceType.Loopback && i.Supports(NetworkInterfaceComponent.IPv6)), "this machine has no IPv6 on loopback");
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var hole = new BlackHole(IPAddress.IPv6Loopback, server.Uri.Port);
        using var client = Client([IPAddress.IPv6Loopback, IPAddress.Loopback]);

        long started = Stopwatch.GetTimestamp();
        (await client.GetAsync(Named(server.Uri))).ShouldBe("ok");

        Stopwatch.GetElapsedTime(started).ShouldBeInRange(TimeSpan.FromMilliseconds(200), s_limit);
        using var plain = new HttpClient(new SocketsHttpHandler { ConnectTimeout = s_limit, ConnectCallback = (context, cancel) => InTurnAsync([IPAddress.IPv6Loopback, IPAddress.Loopback], context.DnsEndPoint.Port, cancel) });
        await Should.ThrowAsync<TaskCanceledException>(() => plain.GetAsync(server.Uri));
    }

    /// <summary>However short the limit and however many the addresses, each gets its chance.</summary>
    [Fact]
    public async Task Request_ShortLimitAndManyAddresses_IsAnsweredByTheLast()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var holes = new BlackHoles(server.Uri.Port, 6);
        using var client = Client([.. holes.Addresses, IPAddress.Loopback], TimeSpan.FromSeconds(1));

        (await client.GetAsync(Named(server.Uri))).ShouldBe("ok");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_NoAddressAnswers_FailsWithinTheLimitAndSaysThatConnectingTimedOut(bool sync)
    {
        using var first = new BlackHole(IPAddress.Parse("127.0.77.1"), 0);
        using var second = new BlackHole(IPAddress.Parse("127.0.77.2"), first.EndPoint.Port);
        using var client = Client([first.EndPoint.Address, second.EndPoint.Address], TimeSpan.FromSeconds(1));

        long started = Stopwatch.GetTimestamp();
        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request("POST", new Uri($"http://user:secret@two.test:{first.EndPoint.Port}/path?query")), sync));

        Stopwatch.GetElapsedTime(started).ShouldBeInRange(TimeSpan.FromSeconds(0.9), s_limit);
        e.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
        e.Message.ShouldBe($"The connection to http://two.test:{first.EndPoint.Port} timed out: it was not established within 1 s (Transport.ConnectTimeout).");
        e.InnerException.ShouldBeOfType<TimeoutException>();
    }

    /// <summary>The limit is for all of it: a server that takes the connection and never answers the greeting of TLS.</summary>
    [Fact]
    public async Task Request_TlsIsNeverAnswered_FailsWithinTheLimitAndSaysThatConnectingTimedOut()
    {
        await using var server = new ScriptedServer(async connection => await connection.ReadRequestAsync());
        using var client = Client([IPAddress.Loopback], TimeSpan.FromSeconds(1));

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(new UriBuilder(Named(server.Uri)) { Scheme = "https" }.Uri));

        e.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
        e.Message.ShouldContain("timed out");
    }

    [Fact]
    public async Task Request_AllAddressesRefuse_FailsAsWithoutTheGuard()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var uri = new Uri($"http://localhost:{((IPEndPoint)closed.LocalEndPoint!).Port}/");
        using var plain = new GuardedClient(guarded: false);
        using var client = Client([IPAddress.Parse("127.0.77.3"), IPAddress.Parse("127.0.77.4"), IPAddress.Loopback]);

        var expected = await Should.ThrowAsync<HttpRequestException>(() => plain.GetAsync(uri));
        var actual = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(uri));

        actual.HttpRequestError.ShouldBe(expected.HttpRequestError);
        actual.Message.ShouldBe(expected.Message);
        actual.InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        expected.InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
    }

    [Fact]
    public async Task Request_FirstAddressRefuses_IsAnsweredByTheNextAtOnce()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = Client([IPAddress.Parse("127.0.77.5"), IPAddress.Parse("127.0.77.6"), IPAddress.Parse("127.0.77.7"), IPAddress.Loopback]);
        long started = Stopwatch.GetTimestamp();
        (await client.GetAsync(Named(server.Uri))).ShouldBe("ok");
        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromMilliseconds(700));
    }

    [Fact]
    public async Task Request_NameIsUnknown_FailsAsWithoutTheGuard()
    {
        var uri = new Uri("http://does-not-exist.invalid/");
        using var plain = new GuardedClient(guarded: false);
        using var client = new GuardedClient();

        var expected = await Should.ThrowAsync<HttpRequestException>(() => plain.GetAsync(uri));
        var actual = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(uri));

        actual.HttpRequestError.ShouldBe(expected.HttpRequestError);
        actual.Message.ShouldBe(expected.Message);
    }

    /// <summary>Both families, both taken: one request, one connection that stays.</summary>
    [Fact]
    public async Task Request_SlowFirstAddressConnectsAfterAll_LeavesOneConnection()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var holes = new BlackHoles(server.Uri.Port, 1);
        using var client = Client([.. holes.Addresses, IPAddress.Loopback]);
        await client.GetAsync(Named(server.Uri));
        await client.GetAsync(Named(server.Uri));
        server.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task Request_CallerCancelsWhileConnecting_IsCancelledAtOnce()
    {
        using var hole = new BlackHole(IPAddress.Parse("127.0.77.8"), 0);
        using var client = Client([hole.EndPoint.Address, IPAddress.Parse("127.0.77.8")], Timeout.InfiniteTimeSpan);
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(400));
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync(GuardedClient.Request("GET", new Uri($"http://two.test:{hole.EndPoint.Port}/")), cancellationToken: cancel.Token));
        e.CancellationToken.ShouldBe(cancel.Token);
    }

    /// <summary>Who sets a limit on the handler knows what the runtime makes of it.</summary>
    [Fact]
    public async Task Request_ApplicationsOwnLimit_FailsAsWithoutTheGuard()
    {
        using var hole = new BlackHole(IPAddress.Parse("127.0.77.9"), 0);
        var uri = new Uri($"http://{hole.EndPoint}/");
        using var plain = new GuardedClient(guarded: false, configure: h => h.ConnectTimeout = TimeSpan.FromMilliseconds(500));
        using var client = new GuardedClient(configure: h => h.ConnectTimeout = TimeSpan.FromMilliseconds(500));

        TaskCanceledException expected = await Assert.ThrowsAsync<TaskCanceledException>(() => plain.GetAsync(uri));
        TaskCanceledException actual = await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetAsync(uri));

        actual.Message.ShouldBe(expected.Message);
        actual.InnerException.ShouldBeOfType<TimeoutException>();
        actual.InnerException!.Message.ShouldBe(expected.InnerException!.Message);
    }

    private static GuardedClient Client(IPAddress[] addresses, TimeSpan? limit = null) =>
        new(options: o => o.Transport.ConnectTimeout = limit ?? s_limit, resolve: (_, _) => Task.FromResult(addresses));

    private static Uri Named(Uri uri) => new UriBuilder(uri) { Host = "several.test" }.Uri;

    private static async ValueTask<Stream> InTurnAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(addresses, port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Other addresses of loopback, black holes on the server's port.</summary>
    private sealed class BlackHoles(int port, int count) : IDisposable
    {
        private readonly BlackHole[] _holes = [.. Enumerable.Range(1, count).Select(i => new BlackHole(new IPAddress([127, 0, 78, (byte)i]), port))];

        public IEnumerable<IPAddress> Addresses => _holes.Select(hole => hole.EndPoint.Address);

        public void Dispose()
        {
            foreach (BlackHole hole in _holes)
            {
                hole.Dispose();
            }
        }
    }
}
