using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>Shows how long the silence has lasted: live on a terminal, otherwise a plain line now and then. Goes to the error output.</summary>
internal static class ProbeProgress
{
    private static readonly TimeSpan s_firstLine = TimeSpan.FromSeconds(2);

    public static Task ShowAsync(ProbeSession session, Task running, TextWriter error) =>
        Display.ShowAsync(error, live => ShowLiveAsync(session, running, live), () => WriteLinesAsync(session, running, error));

    private static Task ShowLiveAsync(ProbeSession session, Task running, Progress live) => live
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new ElapsedTimeColumn())
        .StartAsync(async context =>
        {
            long start = Stopwatch.GetTimestamp();
            ProgressTask bar = context.AddTask(string.Empty, maxValue: session.Arguments.MaxIdle.TotalSeconds);
            do
            {
                bar.Value = Stopwatch.GetElapsedTime(start).TotalSeconds;
                bar.Description = Markup.Escape(Describe(session));
                context.Refresh();
            }
            while (!await Display.IsDoneWithinAsync(running, Display.LiveInterval));
        });

    private static async Task WriteLinesAsync(ProbeSession session, Task running, TextWriter error)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan interval = s_firstLine;
        while (!await Display.IsDoneWithinAsync(running, interval))
        {
            interval = Display.LineInterval;
            await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds,4:0} s  {Describe(session)}"));
        }
    }

    private static string Describe(ProbeSession session) =>
        $"{session.Answered} of {session.Arguments.Connections} connections answered, {session.Answered - session.Ended} idle, {session.Ended} closed";
}
