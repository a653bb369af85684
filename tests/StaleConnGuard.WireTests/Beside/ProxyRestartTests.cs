using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>Upstreams that are killed, under load, and started again: no GET through <c>staleconn proxy</c> fails.</summary>
public sealed class ProxyRestartTests(ITestOutputHelper output)
{
    private const int Clients = 8;

    private static readonly TimeSpan s_away = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Killed_UnderLoad_NoGetFails(int upstreams)
    {
        Requirement.MetOrSkip(RealServer.IsAvailable("nginx", out string reason), reason);
        int[] ports = [.. Enumerable.Range(0, upstreams).Select(_ => FreePort())];
        RealServer[] servers = [.. await Task.WhenAll(ports.Select(StartAsync))];
        try
        {
            await using ProxyUnderTest proxy = await ProxyUnderTest.StartAsync([.. servers.Select(server => server.Address)]);
            Uri first = servers[0].Address;
            await using (var load = new SteadyLoad(Clients, (client, stop) => GetAsync(client, proxy.Address, stop)))
            await using (var direct = new SteadyLoad(1, (client, stop) => GetAsync(client, first, stop)))
            {
                await ProxyCommandTests.WaitAsync(() => load.Answered > 100);
                for (int i = 0; i < upstreams; i++)
                {
                    await servers[i].DisposeAsync();
                    await Task.Delay(s_away);
                    servers[i] = await StartAsync(ports[i]);
                    int answered = load.Answered;
                    await ProxyCommandTests.WaitAsync(() => load.Answered > answered + 100);
                }

                output.WriteLine($"{proxy.Counters.Describe()}; {string.Join('\n', load.Failures.Take(3))}");
                load.Failures.ShouldBeEmpty();
                direct.Failures.ShouldNotBeEmpty("without the proxy requests fail");
            }
        }
        finally
        {
            foreach (RealServer server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static Task<RealServer> StartAsync(int port) => RealServer.StartAsync("nginx", TimeSpan.FromSeconds(60), port: port);

    private static async Task<string?> GetAsync(HttpClient client, Uri address, CancellationToken stop)
    {
        using HttpResponseMessage response = await client.GetAsync(address, stop);
        return response.StatusCode == HttpStatusCode.OK ? null : $"{response.StatusCode}";
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
