using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary><c>staleconn proxy</c>: what it forwards, what it heals, what it tells of that, and how it ends.</summary>
public sealed class ProxyCommandTests
{
    private static readonly TimeSpan s_untilABalancerHasSeen = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task Forwarded_TheUpstreamSeesTheClientsNameAndWhereItCameFrom()
    {
        ScriptedRequest? seen = null;
        await using var upstream = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                seen = request;
                await connection.AnswerAsync(request);
            }
        });
        await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(upstream.Uri);
        using var client = new HttpClient { BaseAddress = proxy.Address };

        using HttpResponseMessage response = await client.PostAsync("/path?query=1", new StringContent("body"));

        response.Headers.GetValues("Keep-Alive").ShouldBe(["timeout=30"]);
        response.Headers.Server.ShouldBeEmpty();
        seen!.Target.ShouldBe("/path?query=1");
        seen.Body.Length.ShouldBe(4);
        seen.Headers["Host"].ShouldBe(proxy.Address.Authority);
        seen.Headers["X-Forwarded-For"].ShouldBe("127.0.0.1");
        seen.Headers["X-Forwarded-Proto"].ShouldBe("http");
        seen.Headers["X-Forwarded-Host"].ShouldBe(proxy.Address.Authority);

        using var balanced = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "X-Forwarded-For", "192.0.2.7" }, { "X-Forwarded-Proto", "https" }, { "X-Forwarded-Host", "shop.test" } } };
        using HttpResponseMessage second = await client.SendAsync(balanced);
        seen.Headers["X-Forwarded-For"].ShouldBe("192.0.2.7, 127.0.0.1");
        seen.Headers["X-Forwarded-Proto"].ShouldBe("https", "the balancer in front knows");
        seen.Headers["X-Forwarded-Host"].ShouldBe("shop.test");
    }

    [Fact]
    public async Task Race_SafeToRepeatIsHealedAndThePostIs502_AndBothAreCounted()
    {
        // Reads a request on a used connection and closes it: executed or not, who knows.
        await using var upstream = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            if (connection.Index % 2 == 0)
            {
                _ = await connection.ReadRequestAsync();
                await connection.CloseAsync();
                return;
            }

            await connection.AnswerAllAsync();
        });
        await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(upstream.Uri);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await client.GetAsync("/raced")).StatusCode.ShouldBe(HttpStatusCode.OK);

        proxy.Counters.Races.ShouldBe(1);
        proxy.Counters.Healed.ShouldBe(1);
        proxy.Counters.Requests.ShouldBe(2);
        proxy.Counters.Describe().ShouldBe("2 requests, 1 races met, 1 healed, 0 answers 502, 0 without an upstream's answer");

        await using var dying = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            connection.Execute((await connection.ReadRequestAsync())!);
            await connection.CloseAsync();
        });
        await using ProxyUnderTest other = await ProxyUnderTest.StartAsync(dying.Uri);
        using var second = new HttpClient { BaseAddress = other.Address };
        (await second.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var post = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent("once"), Headers = { { "X-Request-Id", "post" } } };
        using HttpResponseMessage lost = await second.SendAsync(post);

        lost.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        lost.Headers.GetValues("Server-Timing").ShouldBe(["stale-connection;desc=\"SurfaceNotSafeToRepeat\""]);
        dying.Executions["post"].ShouldBe(1);
        other.Counters.Describe().ShouldBe("2 requests, 1 races met, 0 healed, 1 answers 502, 1 without an upstream's answer");

        using var admin = new HttpClient();
        (await admin.GetStringAsync(new Uri(proxy.Metrics, "/healthz"))).ShouldBe("ok\n");
        string metrics = await admin.GetStringAsync(proxy.Metrics);
        metrics.ShouldContain("staleconn_proxy_requests_total{status=\"2xx\"} 2\n");
        metrics.ShouldContain("staleconnguard_stale_hits_total{server_address=\"127.0.0.1\"");
        metrics.ShouldContain("staleconnguard_outcome=\"replayed\"");
        metrics.ShouldContain("staleconnguard_connection_idle_age_seconds_bucket{");
        metrics.ShouldNotContain("surfaced", Case.Sensitive, "the other proxy's");
        (await admin.GetStringAsync(other.Metrics)).ShouldContain("staleconn_proxy_bad_gateways_total 1\n");
    }

    [Fact]
    public async Task TwoUpstreams_OneIsNotThere_EveryRequestIsAnsweredByTheOther()
    {
        await using var upstream = new ScriptedServer(connection => connection.AnswerAllAsync());
        await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(ProxyUnderTest.Arguments(UnusedAddress(), upstream.Uri) with { UpstreamWait = TimeSpan.Zero });
        using var client = new HttpClient { BaseAddress = proxy.Address };
        foreach (int size in new[] { 0, 10, 100_000 })
        {
            for (int i = 0; i < 4; i++)
            {
                (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
                (await client.PostAsync("/", new ByteArrayContent(new byte[size]))).StatusCode.ShouldBe(HttpStatusCode.OK);
            }
        }

        proxy.Counters.Unanswered.ShouldBe(0);
    }

    [Fact]
    public async Task TwoUpstreams_BothThere_TheyTakeTurns()
    {
        await using var first = new ScriptedServer(connection => connection.AnswerAllAsync());
        await using var second = new ScriptedServer(connection => connection.AnswerAllAsync());
        await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(first.Uri, second.Uri);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        for (int i = 0; i < 6; i++)
        {
            (await client.GetAsync("/")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        first.TotalExecutions.ShouldBe(3);
        second.TotalExecutions.ShouldBe(3);
    }

    [Fact]
    public async Task Config_YarpsOwnSchema_IsRead()
    {
        await using var upstream = new ScriptedServer(connection => connection.AnswerAllAsync());
        string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, $$"""
            {
              "ReverseProxy": {
                "Routes": { "api": { "ClusterId": "api", "Match": { "Path": "/api/{**rest}" }, "Transforms": [ { "PathRemovePrefix": "/api" } ] } },
                "Clusters": { "api": { "Metadata": { "StaleConnGuard.ServerTimeout": "00:01:00" }, "Destinations": { "one": { "Address": "{{upstream.Uri}}" } } } }
              },
              "StaleConnGuard": { "KeepAlive": { "ServerTimeout": "00:00:30" } }
            }
            """);
        try
        {
            await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync(ProxyUnderTest.Arguments() with { Config = file });
            using var client = new HttpClient { BaseAddress = proxy.Address };

            (await client.GetAsync("/api/x")).StatusCode.ShouldBe(HttpStatusCode.OK);
            (await client.GetAsync("/else")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await client.GetStringAsync(proxy.Metrics)).ShouldContain("staleconnguard_limit_source=\"Configured\"} 59");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Terminated_UnderLoad_NoRequestFails()
    {
        await using var upstream = new ScriptedServer(connection => connection.AnswerAllAsync());
        string program = Path.ChangeExtension(typeof(ProxyCommand).Assembly.Location, null);
        using Process process = InterruptibleProcess.Start(
            program, "proxy", "--listen", "http://127.0.0.1:0", "--upstream", upstream.Uri.ToString(), "--front-timeout", "30s", "--drain", "10s");
        try
        {
            string line = (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!;
            var address = new Uri(line.Split(' ', ',')[2]);
            long told = 0;
            await using (var load = new SteadyLoad(8, async (client, stop) =>
            {
                // A balancer sees that the proxy is going, and soon goes elsewhere.
                if (Volatile.Read(ref told) is not 0 and var since && Stopwatch.GetElapsedTime(since) > s_untilABalancerHasSeen)
                {
                    await Task.Delay(Timeout.Infinite, stop);
                }

                using HttpResponseMessage response = await client.GetAsync(address, stop);
                if (response.Headers.ConnectionClose == true)
                {
                    Interlocked.CompareExchange(ref told, Stopwatch.GetTimestamp(), 0);
                }

                return response.StatusCode == HttpStatusCode.OK ? null : $"{response.StatusCode}";
            }))
            {
                await WaitAsync(() => load.Answered > 200);
                using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                {
                    await kill.WaitForExitAsync();
                }

                await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
                load.Failures.ShouldBeEmpty();
                told.ShouldNotBe(0, "without being told, clients cannot know");
            }

            process.ExitCode.ShouldBe(0);
            (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldStartWith("Stopped. ");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    [Fact]
    public async Task AddressInUse_IsOneLineAndExit1()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        using var output = new StringWriter();
        using var error = new StringWriter();

        int exitCode = await CommandLine.RunAsync(["proxy", "--listen", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}", "--upstream", "http://127.0.0.1:9"], output, error);

        exitCode.ShouldBe(CommandLine.CouldNot);
        error.ToString().TrimEnd().ShouldStartWith("No proxy: ");
        error.ToString().TrimEnd().ShouldNotContain("\n");
        output.ToString().ShouldBeEmpty();
    }

    internal static async Task WaitAsync(Func<bool> condition)
    {
        long started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(60));
            await Task.Delay(10);
        }
    }

    private static Uri UnusedAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}/");
    }
}
