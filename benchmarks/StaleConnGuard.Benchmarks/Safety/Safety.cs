using System.Diagnostics;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>safety [--quick] [--results FOLDER]</c>: what it costs never to take a connection too late: connections opened and the server's processor
/// time, against an oracle that knows everything. Every strategy and every traffic at once, each with an nginx of its own.
/// </summary>
internal static class Safety
{
    private static readonly TimeSpan s_serverTimeout = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(ResultOptions options)
    {
        var duration = TimeSpan.FromSeconds(options.IsQuick ? 15 : 60);

        // The rarer the requests, the more callers, so that there are gaps enough to count.
        SafetyTraffic[] traffics =
        [
            new(TimeSpan.FromMilliseconds(10), callers: 2, duration),
            new(TimeSpan.FromMilliseconds(100), callers: 4, duration),
            new(TimeSpan.FromSeconds(1), callers: 16, duration),
            new(TimeSpan.FromSeconds(3), callers: 48, duration),
            new(TimeSpan.FromSeconds(10), callers: 96, duration),
        ];
        SafetyStrategy[] strategies =
        [
            SafetyStrategy.Plain,
            SafetyStrategy.KeepAliveOff,
            SafetyStrategy.Guarded,
            SafetyStrategy.GuardedWith(s_serverTimeout),
            SafetyStrategy.GuardedWith(s_serverTimeout, TimeSpan.FromMilliseconds(100)),
        ];

        List<SafetyRun> runs = [];
        try
        {
            foreach (SafetyTraffic traffic in traffics)
            {
                foreach (SafetyStrategy strategy in strategies)
                {
                    runs.Add(await SafetyRun.PrepareAsync(strategy, traffic, s_serverTimeout));
                }
            }

            long start = Stopwatch.GetTimestamp();
            await Task.WhenAll(runs.Select(run => run.RunAsync(start)));
            SafetyReport.Write(runs, s_serverTimeout, duration, options);
        }
        finally
        {
            foreach (SafetyRun run in runs)
            {
                await run.DisposeAsync();
            }
        }

        return 0;
    }
}
