using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>silent-cost requests on|off|plain [pause]</c>: one request after the other over loopback, with the watch for silent peers, with the guard
/// but without the watch, or without the guard, to be run under <c>strace -c -f</c>. Pause in milliseconds between requests.
/// </summary>
internal static class SilentCost
{
    public static async Task<int> RunAsync(string[] args)
    {
        int requests = int.Parse(args[0]);
        int pause = args.Length > 2 ? int.Parse(args[2]) : 0;
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using HttpClient client = SilenceRun.Client(guarded: args[1] != "plain", TimeSpan.FromSeconds(10), options =>
        {
            if (args[1] == "off")
            {
                options.Transport.UnacknowledgedDataTimeout = Timeout.InfiniteTimeSpan;
                options.Transport.EarlySuspicion = false;
            }
        });
        for (int i = 0; i < requests; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(server.Uri);
            response.EnsureSuccessStatusCode();
            await Task.Delay(pause);
        }

        Console.WriteLine($"{requests} requests, {server.Connections} connections");
        return 0;
    }
}
