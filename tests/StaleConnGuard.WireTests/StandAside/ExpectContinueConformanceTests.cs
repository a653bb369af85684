using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Expect: 100-continue against real servers (RFC 9110 10.1.1).</summary>
public class ExpectContinueConformanceTests
{
    [Theory]
    [InlineData("nginx-tls", "bytes", false)]
    [InlineData("nginx-http", "one-shot", false)]
    [InlineData(RealServer.Kestrel, "one-shot", false)]
    [InlineData(RealServer.Kestrel, "json", true)]
    public async Task Expect_OnNewAndReusedConnections_IsContinuedAndExecutedOnce(string front, string body, bool sync)
    {
        await using Backend backend = await Backend.StartAsync();
        await using RealServer? server = await StartFrontAsync(front, backend);
        Uri uri = server is null ? new Uri(backend.Uri, "execute") : new Uri(server.Address, "backend/execute");
        using var client = new GuardedClient();

        for (int i = 0; i < 3; i++)
        {
            using HttpRequestMessage request = Expecting(uri, body, $"send-{i}");
            byte[] sent = await ReplayTests.Request("POST", body).Content!.ReadAsByteArrayAsync();
            using HttpResponseMessage response = await client.SendAsync(request, sync);
            (await response.Content.ReadAsByteArrayAsync()).ShouldBe(sent);
            backend.Executions.CountOf($"send-{i}").ShouldBe(1);

            // A body that can be read once is confirmed after idleness only: with the expectation both wait, and neither for the other.
            await Task.Delay(150);
        }

        client.Observer.Hits.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("bytes", false)]
    [InlineData("one-shot", false)]
    [InlineData("bytes", true)]
    public async Task Expect_NginxClosesAsTheHeadersLeave_IsProvenAndReplayed(string body, bool sync)
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx-http", out string reason), reason);
        await using RealServer nginx = await RealServer.StartAsync("nginx-http", HeldRace.IdleTimeout);

        Task<HeldOutcome> plain = HeldRace.RunAsync(guarded: false, nginx.Address, "POST", body, sync);
        HeldOutcome guarded = await HeldRace.RunAsync(guarded: true, nginx.Address, "POST", body, sync, prepare: request => request.Headers.ExpectContinue = true);

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        guarded.ShouldBeProven(body);
        (await nginx.ReadExecutionsAsync()).CountOf(guarded.Id).ShouldBe(1);
    }

    /// <summary>
    /// Why the guard does not repeat a POST whose body was never sent: an application can execute it by its headers alone. The runtime takes
    /// the unsent body for proof.
    /// </summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Expect_KestrelExecutesByTheHeadersAndCloses_OnlyThePlainClientExecutesItAgain(bool guarded, bool sync)
    {
        await using Backend kestrel = await Backend.StartAsync();
        using var client = new GuardedClient(guarded);
        await client.GetAsync(kestrel.Uri);

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(Expecting(new Uri(kestrel.Uri, "sever"), "bytes", "raced"), sync));

        int executions = kestrel.Executions.CountOf("raced");
        if (!guarded)
        {
            executions.ShouldBeGreaterThan(1);
            return;
        }

        executions.ShouldBe(1);
        e.ShouldBeOfType<StaleConnectionException>().Delivery.ShouldBe(Delivery.Unknown);
    }

    private static async Task<RealServer?> StartFrontAsync(string front, Backend backend)
    {
        if (front == RealServer.Kestrel)
        {
            return null;
        }

        Requirement.MetOrSkip(RealServer.IsAvailable(front, out string reason), reason);
        return await RealServer.StartAsync(front, TimeSpan.FromSeconds(60), settings: backend.AsSetting);
    }

    private static HttpRequestMessage Expecting(Uri uri, string body, string id)
    {
        HttpRequestMessage request = GuardedClient.Request("POST", uri, body, id);
        request.Headers.ExpectContinue = true;
        return request;
    }
}
