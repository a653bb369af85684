using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>A Unix domain socket from the application's own <c>ConnectCallback</c>: everything works but the proof, which is TCP's.</summary>
public sealed class UnixSocketTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("staleconn-socket-");

    private string SocketPath => Path.Combine(_folder.FullName, "server.sock");

    [Fact]
    public async Task Nginx_IdleForLongerThanTheLimit_IsRefusedAndMadeAnew()
    {
        await using RealServer nginx = await StartNginxAsync();
        using var client = new GuardedClient(serverTimeout: TimeSpan.FromMilliseconds(300), configure: ToSocket);
        var uri = new Uri("http://nginx.test/");
        await client.GetAsync(uri);
        await client.GetAsync(uri);
        await Task.Delay(200);

        using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", uri, "bytes"));

        client.Observer.Refusals.ShouldBe([RefusalReason.TooOld]);
        (await nginx.ReadExecutionsAsync()).CountOf("raced").ShouldBe(1);
    }

    [Fact]
    public async Task Nginx_ClosesAsTheRequestLeaves_IsReplayedOnlyWhereThatIsSafe()
    {
        await using RealServer nginx = await StartNginxAsync();
        var uri = new Uri("http://nginx.test/");

        (string Method, string Body, bool Sync)[] safe = [("GET", "none", false), ("PUT", "bytes", false), ("DELETE", "none", true)];
        (string Method, string Body, bool Sync)[] unsafes = [("POST", "bytes", false), ("POST", "none", true), ("POST", "one-shot", false)];
        Task<HeldOutcome> plain = HeldRace.RunAsync(guarded: false, uri, "POST", "bytes", configure: ToSocket);
        Task<HeldOutcome[]> surfacing = Task.WhenAll(unsafes.Select(r => HeldRace.RunAsync(guarded: true, uri, r.Method, r.Body, r.Sync, ToSocket)));
        HeldOutcome[] healed = await Task.WhenAll(safe.Select(r => HeldRace.RunAsync(guarded: true, uri, r.Method, r.Body, r.Sync, ToSocket)));

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        ExecutionLog executions = await nginx.ReadExecutionsAsync();
        foreach (HeldOutcome outcome in healed)
        {
            outcome.Failure.ShouldBeNull();
            outcome.Hits.ShouldBe([(ConnectionEnd.EndOfStream, Delivery.Unknown, ReplayDecision.ReplaySafeToRepeat)]);
            executions.CountOf(outcome.Id).ShouldBe(1);
        }

        foreach (HeldOutcome outcome in await surfacing)
        {
            outcome.Failure.ShouldBeOfType<StaleConnectionException>().Delivery.ShouldBe(Delivery.Unknown);
            executions.CountOf(outcome.Id).ShouldBe(0);
        }
    }

    [Theory]
    [InlineData("POST", 1)]
    [InlineData("GET", 2)]
    public async Task Kestrel_ExecutesAndCloses_IsRepeatedOnlyWhereThatIsSafe(string method, int executions)
    {
        await using Backend kestrel = await Backend.StartAsync(socketPath: SocketPath);
        using var client = new GuardedClient(configure: ToSocket);
        await client.GetAsync(new Uri("http://kestrel.test/"));

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(GuardedClient.Request(method, new Uri("http://kestrel.test/sever"))));

        kestrel.Executions.CountOf("raced").ShouldBe(executions);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<RealServer> StartNginxAsync()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-http", out string reason), reason);
        return await RealServer.StartAsync("nginx-http", HeldRace.IdleTimeout, settings: new Dictionary<string, string> { ["SOCKET"] = SocketPath });
    }

    private void ToSocket(SocketsHttpHandler handler) => handler.ConnectCallback = async (_, cancellationToken) =>
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    };
}
