using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using StaleConnGuard.Cli;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class RaceThroughTests(ITestOutputHelper output)
{
    private const int Attempts = 6;

    [Fact]
    public async Task I_can_see_what_my_nginx_does_in_the_race_and_with_a_dying_upstream()
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-proxy", out string reason), reason);
        int port = FreePort();
        await using RealServer nginx = await RealServer.StartAsync("nginx-proxy", TimeSpan.FromMinutes(1), upstream: new Uri($"http://127.0.0.1:{port}/"));
        string line = $"race --json --through {nginx.Address} --upstream-port {port} --idle 300ms --delay 40ms --requests 8 --workers 8";

        // A busy machine misses the closing instant at times.
        int raced = 0;
        for (int attempt = 0; attempt < Attempts && raced == 0; attempt++)
        {
            using JsonDocument json = await RunAsync(line);
            JsonElement[] results = [.. json.RootElement.GetProperty("results").EnumerateArray()];
            results.Select(result => result.GetProperty("request").GetString()).ShouldBe(["GET", "PUT, JSON body", "POST, JSON body", "POST, no body", "POST, 1 MB"]);
            results.ShouldAllBe(result => result.GetProperty("requests").GetInt32() == 8 && result.GetProperty("executedTwice").GetInt32() == 0);
            int failed = results.Sum(result => result.GetProperty("failed").GetInt32());
            raced = results.Sum(result => result.GetProperty("raced").GetInt32());
            output.WriteLine($"raced {raced}, failed {failed}");
            // This nginx is told to try nothing again. A connection that ends in a bare reset fails a request as well, and has not crossed with a FIN.
            failed.ShouldBeGreaterThanOrEqualTo(raced);
            json.RootElement.GetProperty("wasRaced").GetBoolean().ShouldBe(raced > 0);
        }

        raced.ShouldBeGreaterThan(0, "without a race nothing is shown");
        using JsonDocument dying = await RunAsync($"{line} --dying 100");
        dying.RootElement.GetProperty("results").EnumerateArray().ShouldAllBe(result => result.GetProperty("failed").GetInt32() == 8 && result.GetProperty("executedTwice").GetInt32() == 0);
    }

    [Fact]
    public async Task I_am_told_in_one_line_that_the_proxy_forwards_elsewhere()
    {
        await using var elsewhere = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        using var written = new StringWriter();
        using var error = new StringWriter();

        int exitCode = await CommandLine.RunAsync(["race", "--through", elsewhere.Uri.ToString(), "--upstream-port", $"{FreePort()}"], written, error, stop.Token);

        exitCode.ShouldBe(CommandLine.Interrupted);
        error.ToString().ShouldContain("now it answers 200");
    }

    [Fact]
    public async Task StaleconnProxy_InTheRaceThatNginxLoses_LosesNothing()
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-proxy", out reason), reason);
        TimeSpan idle = TimeSpan.FromMilliseconds(500);
        TimeSpan delay = TimeSpan.FromMilliseconds(25);
        AimWindow aim = AimWindow.Around(idle, 2 * delay);
        int lostByNginx = 0;
        int healed = 0;
        for (int attempt = 0; attempt < Attempts && (lostByNginx == 0 || healed == 0); attempt++)
        {
            foreach (RequestKind kind in (RequestKind[])[RequestKind.Get, RequestKind.PostWithBody, RequestKind.PostWithoutBody])
            {
                await using RaceCourse course = RaceCourse.Open(delay);
                (RaceServer plain, Uri plainAddress) = course.AddServer(new RaceServerOptions { IdleTimeout = idle });
                (RaceServer guarded, Uri guardedAddress) = course.AddServer(new RaceServerOptions { IdleTimeout = idle });
                await using RealServer nginx = await RealServer.StartAsync("nginx-proxy", TimeSpan.FromMinutes(1), upstream: plainAddress);
                await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(guardedAddress);
                IReadOnlyList<ProxyOutcome>[] outcomes = await Task.WhenAll(
                    ProxyRace.RunAsync(nginx.Address, kind, aim, 12, 12, attempt, "nginx"),
                    ProxyRace.RunAsync(proxy.Address, kind, aim, 12, 12, attempt, "guarded"));

                lostByNginx += outcomes[0].Count(outcome => outcome.IsFailure);
                healed += (int)proxy.Counters.Healed;
                output.WriteLine($"{kind.Name}: nginx lost {outcomes[0].Count(outcome => outcome.IsFailure)}; staleconn proxy: {proxy.Counters.Describe()}");
                guarded.Executions.ExecutedTwice.ShouldBeEmpty();
                plain.Executions.ExecutedTwice.ShouldBeEmpty();

                // What ends in a bare reset cannot be proven; on a busy machine an upstream does that now and then.
                outcomes[1].Count(outcome => outcome.IsFailure).ShouldBeLessThanOrEqualTo(kind == RequestKind.Get ? 0 : course.ResetConnections, kind.Name);
            }
        }

        lostByNginx.ShouldBeGreaterThan(0, "without a race nothing is shown");
        healed.ShouldBeGreaterThan(0, "without a race nothing is shown");
    }

    private static async Task<JsonDocument> RunAsync(string line)
    {
        using var written = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(line.Split(' '), written, error, TestContext.Current.CancellationToken);
        exitCode.ShouldBe(0, error.ToString());
        return JsonDocument.Parse(written.ToString());
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
