using System.Net;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>TLS through the CONNECT tunnel of real proxies: the kernel's word is about the proxy, and what the proxy did not take the server did not get.</summary>
public class ProxyTunnelTests
{
    private static readonly (string Method, string Body, bool Sync)[] s_requests =
        [("GET", "none", false), ("PUT", "bytes", false), ("POST", "bytes", false), ("POST", "none", false), ("POST", "one-shot", false), ("POST", "json", true)];

    private static readonly (string Name, bool WithCredentials)[] s_proxies =
        [("squid", false), ("tinyproxy", false), ("tinyproxy", true), ("apache-proxy", false), ("apache-proxy-tls", false)];

    [Fact]
    public async Task Tunnel_ServerClosesAsTheRequestLeaves_IsProvenAndReplayed()
    {
        Requirement.MetOrSkip(OperatingSystem.IsLinux(), "TCP_INFO needs Linux");
        foreach (string name in s_proxies.Select(proxy => proxy.Name).Append("nginx-tls"))
        {
            Requirement.MetOrSkip(RealServer.IsAvailable(name, out string reason), reason);
        }

        await Task.WhenAll(s_proxies.Select(proxy => RaceThroughAsync(proxy.Name, proxy.WithCredentials)));
    }

    private static async Task RaceThroughAsync(string proxyName, bool withCredentials)
    {
        await using RealServer server = await RealServer.StartAsync("nginx-tls", HeldRace.IdleTimeout);
        await using RealServer proxy = await RealServer.StartAsync(proxyName, TimeSpan.FromSeconds(60), settings: withCredentials ? new Dictionary<string, string> { ["CREDENTIALS"] = "user secret" } : null);

        // It answers the first CONNECT with 407 and closes: the transport that leads nowhere must not be taken for the tunnel's.
        void ThroughProxy(SocketsHttpHandler handler) => handler.Proxy = new WebProxy(proxy.Address) { Credentials = withCredentials ? new NetworkCredential("user", "secret") : null };

        Task<HeldOutcome> plain = HeldRace.RunAsync(guarded: false, server.Address, "POST", "bytes", configure: ThroughProxy);
        HeldOutcome[] outcomes = await Task.WhenAll(s_requests.Select(r => HeldRace.RunAsync(guarded: true, server.Address, r.Method, r.Body, r.Sync, ThroughProxy)));

        (await plain).Failure.ShouldNotBeNull("without a race nothing is shown");
        ExecutionLog executions = await server.ReadExecutionsAsync();
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i].ShouldBeProven($"{proxyName}, {s_requests[i]}");
            executions.CountOf(outcomes[i].Id).ShouldBe(1, $"{proxyName}, {s_requests[i]}");
        }
    }
}
