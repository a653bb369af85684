using System.Diagnostics;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>uWSGI and gunicorn behind nginx and behind <c>staleconn proxy</c>, and clients that send every 1 to 3 s for ten minutes. Each pair has a link and a server of its own.</summary>
internal static class ProxySlowTraffic
{
    private const int Clients = 16;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<ProxySlowCell>> RunAsync(bool quick)
    {
        TimeSpan time = quick ? TimeSpan.FromSeconds(10) : TimeSpan.FromMinutes(10);
        return await Task.WhenAll(
            from server in (string[])["uwsgi", "gunicorn"]
            from guarded in (bool[])[false, true]
            select RunAsync(server, guarded, time));
    }

    private static async Task<ProxySlowCell> RunAsync(string name, bool guarded, TimeSpan time)
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer server = await RealServer.StartAsync(name, s_serverTimeout, link);
        if (guarded)
        {
            string file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
            await File.WriteAllTextAsync(file, SlowTraffic.Configuration(server.Address, Clients));
            try
            {
                using Process child = Child.Start(YarpChild.Command, file);
                ProxySlowCell cell = await RunAsync(ProxyContender.Command, new Uri((await child.StandardOutput.ReadLineAsync())!), server, link, time);
                child.StandardInput.Close();
                await child.WaitForExitAsync();
                return cell;
            }
            finally
            {
                File.Delete(file);
            }
        }

        await using RealServer nginx = await RealServer.StartAsync("nginx-pools", TimeSpan.FromMinutes(1), upstream: server.Address, settings: new Dictionary<string, string> { ["POOLS"] = $"{Clients}" });
        return await RunAsync("nginx", nginx.Address, server, link, time);
    }

    private static async Task<ProxySlowCell> RunAsync(string proxy, Uri address, RealServer server, DelayedLink link, TimeSpan time)
    {
        IReadOnlyList<ProxyOutcome> outcomes = await SlowTraffic.RunAsync(address, Clients, time, seed: 1);
        ExecutionLog executions = await server.ReadExecutionsAsync();
        return new ProxySlowCell(
            proxy,
            server.Name,
            Clients,
            time.TotalMinutes,
            outcomes.Count,
            link.CrossedConnections,
            outcomes.Count(outcome => outcome.IsFailure),
            executions.CountExecutedTwice(outcomes.Select(outcome => outcome.RequestId)));
    }
}
