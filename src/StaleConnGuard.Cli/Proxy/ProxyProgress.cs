using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>What the proxy has done so far: live on a terminal, otherwise a plain line now and then, when there is news. Goes to the error output.</summary>
internal static class ProxyProgress
{
    private static readonly TimeSpan s_lineInterval = TimeSpan.FromMinutes(1);

    public static Task ShowAsync(ProxyCounters counters, Task running, TextWriter error) =>
        Display.ShowAsync(error, live => ShowLiveAsync(counters, running, live), () => WriteLinesAsync(counters, running, error));

    private static Task ShowLiveAsync(ProxyCounters counters, Task running, Progress live) => live
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ElapsedTimeColumn())
        .StartAsync(async context =>
        {
            ProgressTask line = context.AddTask(string.Empty);
            bool isDone;
            do
            {
                isDone = await Display.IsDoneWithinAsync(running, Display.LiveInterval);
                line.Description = Markup.Escape(counters.Describe());
                context.Refresh();
            }
            while (!isDone);
        });

    private static async Task WriteLinesAsync(ProxyCounters counters, Task running, TextWriter error)
    {
        string last = counters.Describe();
        while (!await Display.IsDoneWithinAsync(running, s_lineInterval))
        {
            string now = counters.Describe();
            if (now != last)
            {
                await error.WriteLineAsync(now);
                last = now;
            }
        }
    }
}
