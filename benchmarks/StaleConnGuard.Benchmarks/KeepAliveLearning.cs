using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>keep-alive-learning [seconds] [delay in milliseconds] [server…]</c>: learning from nothing, from real servers behind the delayed link.
/// Needs root and what <c>tests/servers/install</c> installs.
/// </summary>
internal static class KeepAliveLearning
{
    private static readonly string[] s_servers = ["nginx", "gunicorn", "uwsgi", "go", RealServer.Kestrel, .. RealServer.Modelled];
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(string[] args)
    {
        var duration = TimeSpan.FromSeconds(args.Length > 0 ? int.Parse(args[0]) : 60);
        var delay = TimeSpan.FromMilliseconds(args.Length > 1 ? int.Parse(args[1]) : 20);
        string[] servers = args.Length > 2 ? args[2..] : s_servers;
        Console.WriteLine(LearningTable.Of(await LearningRaces.RunAsync(servers, s_idleTimeout, delay, duration, workers: 64)));
        return 0;
    }
}
