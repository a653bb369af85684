using System.Globalization;
using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Duress;

/// <summary>A client that closes its connections before the server does holds their ports in TIME_WAIT, which one that leaves it to the server does not.</summary>
public sealed class EphemeralPortsTests
{
    private const int Siblings = 8;

    // Between the FIN and the reset is an instant: a server on the same machine can answer the one before the other.
    private const int AnsweredInTime = 3;

    // /proc/net/tcp: include/net/tcp_states.h.
    private const string TimeWait = "06";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Refused_PortsAreFew_HoldsNoneOfThem(bool tls)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The ports that are held are read from /proc.");
        (await HeldAfterRefusalsAsync(new EphemeralPorts(0, TimeProvider.System), tls)).ShouldBeLessThanOrEqualTo(AnsweredInTime);
    }

    [Fact]
    public async Task Refused_AConnectFoundNoPort_HoldsNoMore()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The ports that are held are read from /proc.");
        var ports = new EphemeralPorts(EphemeralPorts.UsualCount, TimeProvider.System);
        using (var client = new GuardedClient(ports: ports, configure: static sockets => sockets.ConnectCallback = static (_, _) =>
            throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.AddressNotAvailable)))
        {
            _ = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://127.0.0.1:1/")));
        }

        (await HeldAfterRefusalsAsync(ports, tls: false)).ShouldBeLessThanOrEqualTo(AnsweredInTime);
    }

    /// <summary>And only then: a server sees connections end in good order.</summary>
    [Fact]
    public async Task Refused_PortsAreMany_ClosesInGoodOrder()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The ports that are held are read from /proc.");
        (await HeldAfterRefusalsAsync(new EphemeralPorts(EphemeralPorts.UsualCount, TimeProvider.System), tls: false)).ShouldBe(Siblings);
    }

    private static async Task<int> HeldAfterRefusalsAsync(EphemeralPorts ports, bool tls)
    {
        int here = 0;
        int ended = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(
            async connection =>
            {
                try
                {
                    while (await connection.ReadRequestAsync() is ScriptedRequest request)
                    {
                        if (Interlocked.Increment(ref here) == Siblings)
                        {
                            all.SetResult();
                        }

                        await all.Task;
                        await connection.AnswerAsync(request);
                    }
                }
                finally
                {
                    connection.Socket.Dispose();
                    Interlocked.Increment(ref ended);
                }
            },
            tls);
        using var client = new GuardedClient(ports: ports);
        await Task.WhenAll(Enumerable.Range(0, Siblings).Select(_ => client.GetAsync(server.Uri)));

        // Known to be closed at the age they have: all are refused when the next request looks for one.
        client.Ledger.GetOrAdd(OriginKey.Of(server.Uri)).StaleHit(TimeSpan.FromSeconds(1));
        await Task.Delay(600);
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        client.Observer.Refusals.Count.ShouldBe(Siblings);
        while (Volatile.Read(ref ended) < Siblings)
        {
            await Task.Delay(1);
        }

        return HeldPorts(server.Uri.Port);
    }

    private static int HeldPorts(int serverPort)
    {
        string remote = ":" + serverPort.ToString("X4", CultureInfo.InvariantCulture);
        return new[] { "/proc/self/net/tcp", "/proc/self/net/tcp6" }
            .SelectMany(static file => File.ReadLines(file).Skip(1))
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Count(words => words[2].EndsWith(remote, StringComparison.Ordinal) && words[3] == TimeWait);
    }
}
