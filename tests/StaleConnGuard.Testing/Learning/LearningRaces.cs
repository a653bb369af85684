using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>Learning races against several servers at once, all at the far end of one link.</summary>
public static class LearningRaces
{
    public static async Task<IReadOnlyList<LearningResult>> RunAsync(
        IReadOnlyList<string> names, TimeSpan idleTimeout, TimeSpan delayEachWay, TimeSpan duration, int workers)
    {
        using DelayedLink link = DelayedLink.Create(delayEachWay);
        List<RealServer> servers = [];
        try
        {
            foreach (string name in names)
            {
                servers.Add(await RealServer.StartAsync(name, idleTimeout, link));
            }

            return await Task.WhenAll(servers.Select(server => new LearningRace(server, idleTimeout * 2).RunAsync(duration, workers)));
        }
        finally
        {
            foreach (RealServer server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }
}
