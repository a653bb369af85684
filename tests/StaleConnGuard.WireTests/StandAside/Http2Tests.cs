using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>
/// HTTP/2 with real servers that end connections under load, by a request limit or by a restart in good order: GOAWAY with requests in flight
/// (RFC 9113 6.8, 8.7). The runtime repeats what the server says it has not processed; the guard's retries do the rest.
/// </summary>
public class Http2Tests(ITestOutputHelper output)
{
    private const int Workers = 8;

    [Theory]
    [InlineData("nginx-tls")]
    [InlineData("nginx-h2c")]
    public async Task R14_GoAway_AfterEveryTwentyRequests_FailsNothingAndExecutesNothingTwice(string front)
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer server = await StartAsync(front, backend, ("REQUESTS", "20"));
        using var guarded = new Http2Load(guarded: true, new Uri(server.Address, "backend/execute"));
        using var stop = new CancellationTokenSource();
        Task load = guarded.RunAsync(Workers, stop.Token);
        await WaitUntilAsync(() => guarded.Sent >= 400);
        await stop.CancelAsync();
        await load;

        output.WriteLine($"{front}: {guarded.Sent} sent on {guarded.Connections} connections");
        guarded.Connections.ShouldBeGreaterThanOrEqualTo(guarded.Sent / 40);
        guarded.Failures.ShouldBeEmpty();
        guarded.CutBodies.ShouldBe(0);
        backend.Executions.CountExecutedTwice(guarded.Posts).ShouldBe(0);
    }

    [Theory]
    [InlineData("nginx-tls")]
    [InlineData("nginx-h2c")]
    public async Task R14_Reload_UnderLoad_FailsNothingSafeToRepeatAndExecutesNoPostTwice(string front)
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer server = await StartAsync(front, backend, ("MASTER", "on"));
        await RestartUnderLoadAsync(front, new Uri(server.Address, "backend/execute"), backend.Executions, server.ReloadAsync, isAway: false);
    }

    [Theory]
    [InlineData("caddy-tls")]
    [InlineData("caddy-h2c")]
    public async Task R14_Restart_UnderLoad_FailsNothingSafeToRepeatAndExecutesNoPostTwice(string front)
    {
        await using Backend backend = await Backend.StartAsync();
        RealServer server = await StartAsync(front, backend);
        try
        {
            await RestartUnderLoadAsync(front, new Uri(server.Address, "backend/execute"), backend.Executions, async () =>
            {
                int port = server.Address.Port;
                await server.ShutDownAsync();
                await server.DisposeAsync();
                server = await RealServer.StartAsync(front, TimeSpan.FromSeconds(60), port: port, settings: backend.AsSetting);
            }, isAway: true);
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task R14_Restart_OfKestrelUnderLoad_FailsNothingSafeToRepeatAndExecutesNoPostTwice(bool tls)
    {
        Backend kestrel = await Backend.StartAsync(HttpProtocols.Http2, tls);
        try
        {
            await RestartUnderLoadAsync($"kestrel, {(tls ? "TLS" : "h2c")}", new Uri(kestrel.Uri, "execute"), kestrel.Executions, async () =>
            {
                int port = kestrel.Uri.Port;
                ExecutionLog executions = kestrel.Executions;
                await kestrel.StopAsync();
                await kestrel.DisposeAsync();
                kestrel = await Backend.StartAsync(HttpProtocols.Http2, tls, port, executions);
            }, isAway: false);
        }
        finally
        {
            await kestrel.DisposeAsync();
        }
    }

    /// <param name="server">For the report.</param>
    /// <param name="uri">What is asked for.</param>
    /// <param name="executions">Counted by what outlives the restart.</param>
    /// <param name="restart">Ends the server in good order and starts it again.</param>
    /// <param name="isAway">For so long in between that a plain client must fail.</param>
    private async Task RestartUnderLoadAsync(string server, Uri uri, ExecutionLog executions, Func<Task> restart, bool isAway)
    {
        using var plain = new Http2Load(guarded: false, uri);
        using var guarded = new Http2Load(guarded: true, uri);
        using var stop = new CancellationTokenSource();
        Task load = Task.WhenAll(plain.RunAsync(Workers, stop.Token), guarded.RunAsync(Workers, stop.Token));
        await WaitUntilAsync(() => guarded.Sent >= 100 && plain.Sent >= 100);
        await restart();
        int sent = guarded.Sent;
        await WaitUntilAsync(() => guarded.Sent >= sent + 100 && guarded.Connections > 1);
        await stop.CancelAsync();
        await load;

        foreach ((string name, Http2Load client) in new[] { ("plain", plain), ("guarded", guarded) })
        {
            output.WriteLine($"{server}, {name}: {client.Sent} sent on {client.Connections} connections, failed: {client.Failures.Count}, cut after the headers: {client.CutBodies}");
            foreach (var kind in client.Failures.CountBy(failure => failure))
            {
                output.WriteLine($"    {kind.Value} {kind.Key.Method} {kind.Key.Failure}");
            }
        }

        if (isAway)
        {
            plain.FailuresOf(HttpMethod.Get).ShouldNotBeEmpty();
        }

        guarded.FailuresOf(HttpMethod.Get).ShouldBeEmpty();
        if (server != "caddy-h2c")
        {
            // Caddy's shutdown forgets its h2c connections and cuts them.
            guarded.CutBodies.ShouldBe(0);
        }

        executions.CountExecutedTwice(guarded.Posts).ShouldBe(0);
    }

    private static Task<RealServer> StartAsync(string front, Backend backend, params (string Name, string Value)[] settings)
    {
        Requirement.MetOrSkip(RealServer.IsAvailable(front, out string reason), reason);
        Dictionary<string, string> all = backend.AsSetting;
        foreach ((string name, string value) in settings)
        {
            all[name] = value;
        }

        return RealServer.StartAsync(front, TimeSpan.FromSeconds(60), settings: all);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(30));
            await Task.Delay(20);
        }
    }
}
